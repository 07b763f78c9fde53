import type { RefitError } from '../errors.js'

/** Whether somebody still waits for an answer. */
export interface Wanted {
  /** Why nobody does any more; undefined while somebody does. */
  givenUp(): RefitError | undefined
  /** Calls once when nobody waits any more, at once where nobody does. Gives what takes that back. */
  whenGivenUp(tell: (why: RefitError) => void): () => void
}

/** The same for whoever knows that somebody has stopped waiting. */
export interface Want extends Wanted {
  /** Only the first reason counts. */
  giveUp(why: RefitError): void
}

/** Somebody begins to wait. (To make an AbortSignal and listen to it takes some ten microseconds, as long as many a prediction.) */
export function createWant(): Want {
  let reason: RefitError | undefined
  let told: ((why: RefitError) => void)[] = []
  return {
    givenUp: () => reason,
    whenGivenUp: (tell) => {
      if (reason !== undefined) {
        tell(reason)
        return () => undefined
      }
      told.push(tell)
      return () => {
        told = told.filter((each) => each !== tell)
      }
    },
    giveUp: (why) => {
      if (reason !== undefined) return
      reason = why
      for (const tell of told.splice(0)) tell(why)
    },
  }
}
