import { refitError } from '../errors.js'
import { createWant, type Want, type Wanted } from '../predictors/want.js'
import { createAdmission, type Ending } from './admission.js'
import { createTurns } from './turns.js'

/** What a request has from when it was let in to its end. */
export interface Place {
  /** Whether anybody still waits for it. */
  readonly stay: Want
  /** Comes back when it may begin. @throws RefitError why nobody waits for it any more: `model-busy` where it was refused meanwhile, `prediction-timeout`, `caller-left` */
  readonly turn: () => Promise<void>
  /** It begins: from here on only `leave` gives its place back. */
  readonly begin: () => void
  /** It has ended, with all that was under way for it. Only the first time counts. */
  readonly leave: (ending: Ending) => void
  /** Nobody will ask for it any more: its place is given back, unless it has begun. */
  readonly giveBack: () => void
}

/** Why nobody waits any more: the request was told that it takes too long, or its caller has gone. */
export type GivenUp = 'deadline' | 'left'

export interface PlacesOptions {
  /** A request is answered within so long, or fails. */
  readonly deadlineMs: number
  /** Told of each request that nobody waits for any more before it is answered; calls what it gives when nothing of it is under way. */
  readonly onGivenUp?: ((model: string, why: GivenUp) => () => void) | undefined
}

/** Lets requests in, and tells each when it may begin. */
export interface Places {
  /** `want`: whether its caller still waits. @throws RefitError `model-busy` */
  take(model: string, want?: Wanted): Place
  /** As `Admission.expect`. @throws RefitError `model-busy` */
  expect(model: string): () => void
  /** As `Admission.forget`. */
  forget(model: string): void
}

/** Starts with nothing under way. */
export function createPlaces({ deadlineMs, onGivenUp }: PlacesOptions): Places {
  const admission = createAdmission()
  const turns = createTurns()
  return {
    take: (model, want) => {
      turns.noteArrival()
      // It may be refused while it waits, without its caller having left.
      const stay = createWant()
      const leave = admission.enter(model, stay.giveUp)
      const timer = setTimeout(() => stay.giveUp(refitError('prediction-timeout', { model, seconds: deadlineMs / 1000 })), deadlineMs)
      let nothingUnderWay: (() => void) | undefined
      const stopListening = stay.whenGivenUp(({ code }) => {
        clearTimeout(timer)
        if (code !== 'model-busy') nothingUnderWay = onGivenUp?.(model, code === 'caller-left' ? 'left' : 'deadline')
      })
      const stopFollowing = want?.whenGivenUp(stay.giveUp)
      let [begun, ended] = [false, false]
      const end = (ending: Ending): void => {
        if (ended) return
        ended = true
        clearTimeout(timer)
        stopListening()
        stopFollowing?.()
        leave(ending)
        nothingUnderWay?.()
      }
      let turn: Promise<void> | undefined
      return {
        stay,
        turn: () => (turn ??= untilTurn(turns.next(), stay)),
        begin: () => {
          begun = true
        },
        leave: end,
        giveBack: () => {
          if (!begun) end('refused')
        },
      }
    },
    expect: (model) => {
      turns.noteArrival()
      return admission.expect(model)
    },
    forget: admission.forget,
  }
}

function untilTurn(turn: Promise<void>, stay: Wanted): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopListening = stay.whenGivenUp(reject)
    void turn.then(() => {
      stopListening()
      resolve()
    })
  })
}
