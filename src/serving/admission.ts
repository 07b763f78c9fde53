import { refitError, type RefitError } from '../errors.js'

/** How a request ended: answered; refused for what it asked, which tells nothing of the model; or failed, or given up. */
export type Ending = 'answered' | 'refused' | 'failed'

/**
 * Lets as many requests in as a model answers in time, and refuses the others at once: who waits in a line that only grows
 * is answered when nobody waits for the answer any more.
 */
export interface Admission {
  /**
   * A request begins; it ends when what this gives is called. `refuse` is called, once at most, where overload shows meanwhile
   * and it is late already: the crowd that came before anybody knew would be answered late, and keep all others waiting.
   * @throws RefitError `model-busy`
   */
  enter(model: string, refuse?: (why: RefitError) => void): (ending: Ending) => void
  /**
   * The body of a request is to come, until what this gives is called. Refuses what `enter` would refuse; in overload as many
   * bodies are read at most as may be under way, for to read those of all would take longer than to answer a few.
   * @throws RefitError `model-busy`
   */
  expect(model: string): () => void
  /** What is known of a model that is there no more. */
  forget(model: string): void
}

/** So many may be under way for one model while it keeps up, or as many as it answers in so long: a line of callers that wait for each other is no overload. */
const FIRST_LIMIT = 64
const LINE_MS = 100
const MOST = 1024
const PERIOD_MS = 100
/** Overload is where so large a share was refused in a period, and all places were taken for so large a share of it. */
const OVERLOADED_SHARE = 0.5
/** In overload a request may take so many times what it takes alone. */
const MOST_TIMES_ALONE = 1.5
const GROWTH = 1.1
const SHRINKAGE = 0.7
/** A request that takes no more than so many times what it takes alone may have company that costs it nothing: that is tried. */
const TIMES_TO_TRY = 1.2
/** Periods between two tries: after each that fails twice as many. */
const MOST_BETWEEN_TRIES = 600
/** Weight of a new measurement of a request that was alone, once there are many, and of the time between two ends. */
const NEW_SHARE = 0.05
/** So many have to be known before any is let in beside another for what they took. */
const ENOUGH_ALONE = 10
/** Who have company take no less than alone: where they do by so much, what is known is from slower times. */
const CLEARLY_LESS = 0.8
const NEW_END_SHARE = 0.1
/** A body that takes longer to come keeps no other away: callers may be as slow as they like. */
const EXPECTED_MS = 250
/** Nobody is sent away for longer: what is known now is old by then. */
const LONGEST_RETRY_SECONDS = 30

interface State {
  limit: number
  underWay: number
  /** Those under way that can still be refused, the first to come first. */
  refusable: Map<symbol, { readonly begun: number; readonly refuse: (why: RefitError) => void }>
  /** Since when each body is to come. */
  expected: Map<symbol, number>
  overloaded: boolean
  /** Requests let in so far. */
  entered: number
  /** Milliseconds that a request takes when no other is under way; undefined until one was alone. */
  alone: number | undefined
  /** How many of them have been measured. */
  aloneCount: number
  /** The same of those that only began alone: it takes no longer than that. */
  aloneAtMost: number | undefined
  /** Milliseconds from one end to the next while some are under way, and when the present wait for one began. */
  betweenEnds: number | undefined
  waitsSince: number
  /** Since when all places are taken; undefined while more may come. */
  fullSince: number | undefined
  /** Periods until more are tried, and how many there were before the last try. */
  triesIn: number
  triedAfter: number
  tries: boolean
  /** Of the period that began at `since`. */
  since: number
  admitted: number
  refused: number
  ended: number
  milliseconds: number
  fullFor: number
}

/**
 * Starts with nothing known. A model's limit stays wide until most requests are refused. Then it shrinks until those let
 * in take little longer than one alone, be it to one at a time; it widens again when fewer are refused, or when the model
 * rests between crowds. Where more at once take no longer, as with models that wait for something else, it grows. (The
 * measure is that of TCP Vegas: what a request takes beside what it takes alone; Brakmo and Peterson, 1995.)
 */
export function createAdmission(now: () => number = () => performance.now()): Admission {
  const states = new Map<string, State>()
  const stateOf = (model: string): State => {
    const at = now()
    const present = states.get(model)
    if (present !== undefined) {
      if (at - present.since >= PERIOD_MS) {
        endPeriod(present, at)
        if (present.overloaded) refuseLate(model, present, at)
      }
      return present
    }
    const state: State = { limit: FIRST_LIMIT, underWay: 0, refusable: new Map(), expected: new Map(), overloaded: false, entered: 0, alone: undefined, aloneCount: 0, aloneAtMost: undefined, betweenEnds: undefined, waitsSince: at, fullSince: undefined, triesIn: 1, triedAfter: 1, tries: false, since: at, admitted: 0, refused: 0, ended: 0, milliseconds: 0, fullFor: 0 }
    states.set(model, state)
    return state
  }
  const refuseWhenFull = (model: string, state: State, isFull = state.underWay >= state.limit): void => {
    if (!isFull) return
    throw refusal(model, state, now())
  }
  return {
    enter: (model, refuse) => {
      const state = stateOf(model)
      refuseWhenFull(model, state)
      const begun = now()
      const wasFirst = state.underWay === 0
      if (wasFirst) state.waitsSince = begun
      state.underWay += 1
      state.admitted += 1
      state.entered += 1
      noteFull(state, begun)
      const place = state.entered
      const key = Symbol()
      if (refuse !== undefined) state.refusable.set(key, { begun, refuse })
      return (ending) => {
        const at = now()
        state.refusable.delete(key)
        const took = at - begun
        state.underWay -= 1
        noteFull(state, at)
        state.betweenEnds = smoothed(state.betweenEnds, at - state.waitsSince, NEW_END_SHARE)
        state.waitsSince = at
        if (ending === 'refused') return
        state.ended += 1
        state.milliseconds += took
        // One that others have joined was alone only when it began.
        if (ending !== 'answered' || !wasFirst) return
        state.aloneAtMost = smoothed(state.aloneAtMost, took, NEW_SHARE)
        if (state.entered !== place) return
        state.aloneCount += 1
        state.alone = smoothed(state.alone, took, Math.max(NEW_SHARE, 1 / state.aloneCount))
      }
    },
    expect: (model) => {
      // Names that do not exist get no state: anybody could make any number of them.
      if (!states.has(model)) return () => undefined
      const state = stateOf(model)
      const at = now()
      refuseWhenFull(model, state, placesTaken(state, at) >= state.limit)
      const key = Symbol()
      state.expected.set(key, at)
      noteFull(state, at)
      return () => {
        if (state.expected.delete(key)) noteFull(state, now())
      }
    },
    forget: (model) => void states.delete(model),
  }
}

/** Refuses who is late already and stands behind as many as may be under way. */
function refuseLate(model: string, state: State, at: number): void {
  const { alone, aloneAtMost, limit, refusable } = state
  const late = at - MOST_TIMES_ALONE * (alone ?? aloneAtMost ?? Infinity)
  for (const [key, { begun, refuse }] of [...refusable].slice(limit)) {
    if (begun > late) return
    refusable.delete(key)
    refuse(refusal(model, state, at))
  }
}

function refusal(model: string, state: State, at: number): RefitError {
  state.refused += 1
  return refitError('model-busy', { model }, { retryAfterSeconds: retryAfterSeconds(state, at) })
}

/** Requests under way, and in overload those whose bodies are to come, but for bodies that take long: at other times who sends slowly would keep others away. */
function placesTaken({ underWay, overloaded, expected }: State, at: number): number {
  // The oldest come first.
  for (const [key, since] of expected) {
    if (at - since < EXPECTED_MS) break
    expected.delete(key)
  }
  return underWay + (overloaded ? expected.size : 0)
}

function smoothed(known: number | undefined, found: number, share: number): number {
  return known === undefined ? found : known + (found - known) * share
}

/** When all that are under way will have ended, as far as the ends before tell. */
function retryAfterSeconds({ underWay, betweenEnds = 0, waitsSince }: State, at: number): number {
  // One that has been waited for longer than that may well be waited for as long again.
  const milliseconds = Math.max(underWay * betweenEnds, at - waitsSince)
  return Math.min(LONGEST_RETRY_SECONDS, Math.max(1, Math.ceil(milliseconds / 1000)))
}

/** Adds up for how long all places are taken; to be called when their number has changed, or how many are. */
function noteFull(state: State, at: number): void {
  if (state.fullSince !== undefined) state.fullFor += at - state.fullSince
  state.fullSince = placesTaken(state, at) >= state.limit ? at : undefined
}

function endPeriod(state: State, at: number): void {
  noteFull(state, at)
  const { alone, ended, milliseconds } = state
  const mean = milliseconds / ended
  if (alone !== undefined && mean < CLEARLY_LESS * alone) state.alone = smoothed(alone, mean, Math.min(0.5, ended * NEW_SHARE))
  state.limit = nextLimit(state, at)
  Object.assign(state, { since: at, admitted: 0, refused: 0, ended: 0, milliseconds: 0, fullFor: 0 })
  noteFull(state, at)
}

function nextLimit(state: State, at: number): number {
  const { refused, admitted, ended, milliseconds, alone, aloneCount, aloneAtMost, limit, fullFor, since } = state
  const times = timesOf(milliseconds, ended, alone)
  const more = Math.ceil(limit * GROWTH)
  // A crowd that is mostly refused is none where the model rests until the next.
  const overloaded = refused >= OVERLOADED_SHARE * (refused + admitted) && fullFor >= OVERLOADED_SHARE * (at - since)
  state.overloaded = overloaded
  const triedWell = state.tries && times !== undefined && times <= TIMES_TO_TRY
  state.tries = false
  if (triedWell) Object.assign(state, { triesIn: 1, triedAfter: 1 })
  const isKnown = aloneCount >= ENOUGH_ALONE
  if (refused > 0 && isKnown && times !== undefined && (times * more) / limit <= MOST_TIMES_ALONE) return Math.min(MOST, more)
  if (!overloaded) return Math.max(limit, Math.min(widest(state), limit * 2))
  if (ended > 0 && (times ?? Infinity) > MOST_TIMES_ALONE) return Math.max(1, Math.floor(limit * Math.min(SHRINKAGE, MOST_TIMES_ALONE / (times ?? timesOf(milliseconds, ended, aloneAtMost) ?? 1))))
  // Beside one or two, one more is a large step: whether it costs the others anything shows only when it is there.
  if (!isKnown || times === undefined || times > TIMES_TO_TRY) return limit
  state.triesIn -= 1
  if (state.triesIn > 0) return limit
  const triedAfter = Math.min(MOST_BETWEEN_TRIES, state.triedAfter * 2)
  Object.assign(state, { tries: true, triedAfter, triesIn: triedAfter })
  return Math.min(MOST, more)
}

/** How many may wait for each other. */
function widest({ alone, aloneCount }: State): number {
  return alone === undefined || aloneCount < ENOUGH_ALONE ? FIRST_LIMIT : Math.min(MOST, Math.max(FIRST_LIMIT, Math.floor(LINE_MS / alone)))
}

function timesOf(milliseconds: number, requests: number, one: number | undefined): number | undefined {
  return requests === 0 || one === undefined ? undefined : milliseconds / requests / one
}
