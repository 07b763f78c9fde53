import { refitError } from '../errors.js'

/**
 * Lets as many requests in as a model answers in time, and refuses the others at once: who waits in a line that only grows
 * is answered when nobody waits for the answer any more.
 */
export interface Admission {
  /**
   * A request begins; it ends when what this gives is called.
   * @throws RefitError `model-busy`
   */
  enter(model: string): () => void
  /**
   * Refuses what `enter` would refuse, before a body has been read for it.
   * @throws RefitError `model-busy`
   */
  refuseWhenFull(model: string): void
  /** What is known of a model that is there no more. */
  forget(model: string): void
}

/** So many may be under way for one model while it keeps up: a line of callers that wait for each other is no overload. */
const FIRST_LIMIT = 64
const MOST = 1024
const PERIOD_MS = 100
/** Overload is where so large a share was refused in a period. */
const OVERLOADED_SHARE = 0.5
/** In overload a request may take so many times what it takes alone. */
const MOST_TIMES_ALONE = 1.5
const GROWTH = 1.1
const SHRINKAGE = 0.7
/** Weight of a new measurement of a request that was alone. */
const NEW_SHARE = 0.05

interface State {
  limit: number
  underWay: number
  /** Milliseconds that a request takes when no other is under way; undefined until one was alone. */
  alone: number | undefined
  /** Of the period that began at `since`. */
  since: number
  admitted: number
  refused: number
  ended: number
  milliseconds: number
}

/**
 * Starts with nothing known. A model's limit stays wide until most requests are refused. Then it shrinks until those let
 * in take little longer than one alone, be it to one at a time; it widens again when fewer are refused. Where more at once
 * take no longer, as with models that wait for something else, it grows. (The measure is that of TCP Vegas: what a request
 * takes beside what it takes alone; Brakmo and Peterson, 1995.)
 */
export function createAdmission(now: () => number = () => performance.now()): Admission {
  const states = new Map<string, State>()
  const stateOf = (model: string): State => {
    const at = now()
    const present = states.get(model)
    if (present !== undefined) {
      if (at - present.since >= PERIOD_MS) endPeriod(present, at)
      return present
    }
    const state: State = { limit: FIRST_LIMIT, underWay: 0, alone: undefined, since: at, admitted: 0, refused: 0, ended: 0, milliseconds: 0 }
    states.set(model, state)
    return state
  }
  const refuseWhenFull = (model: string, state: State): void => {
    if (state.underWay < state.limit) return
    state.refused += 1
    throw refitError('model-busy', { model })
  }
  return {
    enter: (model) => {
      const state = stateOf(model)
      refuseWhenFull(model, state)
      const wasAlone = state.underWay === 0
      const begun = now()
      state.underWay += 1
      state.admitted += 1
      return () => {
        const took = now() - begun
        state.underWay -= 1
        state.ended += 1
        state.milliseconds += took
        if (wasAlone) state.alone = state.alone === undefined ? took : state.alone + (took - state.alone) * NEW_SHARE
      }
    },
    refuseWhenFull: (model) => {
      // Names that do not exist get no state: anybody could make any number of them.
      if (states.has(model)) refuseWhenFull(model, stateOf(model))
    },
    forget: (model) => void states.delete(model),
  }
}

function endPeriod(state: State, at: number): void {
  const { refused, admitted, ended, milliseconds, alone, limit } = state
  const times = ended === 0 || alone === undefined ? undefined : milliseconds / ended / alone
  const more = Math.ceil(limit * GROWTH)
  if (refused > 0 && times !== undefined && (times * more) / limit <= MOST_TIMES_ALONE) state.limit = Math.min(MOST, more)
  else if (refused < OVERLOADED_SHARE * (refused + admitted)) state.limit = Math.max(limit, Math.min(FIRST_LIMIT, limit * 2))
  else if (ended > 0 && (times ?? Infinity) > MOST_TIMES_ALONE) state.limit = Math.max(1, Math.floor(limit * Math.min(SHRINKAGE, MOST_TIMES_ALONE / (times ?? 1))))
  Object.assign(state, { since: at, admitted: 0, refused: 0, ended: 0, milliseconds: 0 })
}
