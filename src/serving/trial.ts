import { Type, type Static } from 'typebox'
import type { Signature } from '../packages/manifest.js'
import type { Predictor } from '../predictors/predictor.js'
import { noFigures, type StepFigures } from '../rollouts/figures.js'
import { recordAnswer, recordDifferences, valuesOf, type Recorded } from './record-answers.js'
import { placeOf, placesWithoutKey } from './traffic-split.js'

/** A version that is rolled out beside a champion, in its present step. */
export const Challenger = Type.Object({
  rollout: Type.String(),
  version: Type.Integer(),
  /** Of its package. */
  digest: Type.String(),
  /** Index of the step. */
  step: Type.Integer({ minimum: 0 }),
  /** Which share of the requests it answers; absent: all are mirrored to it. */
  share: Type.Optional(Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 })),
})
export type Challenger = Static<typeof Challenger>

/** What this process has seen of one step of a rollout. */
export interface SeenStep {
  readonly rollout: string
  readonly step: number
  readonly figures: StepFigures
}

/** Which side a request is on, and where it is written down. */
export interface Placed {
  readonly side: 'champion' | 'challenger'
  readonly mirrored: boolean
  readonly figures: StepFigures
}

/** The way of one version into traffic, as one process sees it. */
export interface Trial {
  /** In its present step. */
  readonly challenger: () => Challenger
  /** Another step of the same rollout. */
  moveTo(challenger: Challenger): void
  /** Where a request of this caller belongs. */
  place(key: string | undefined): Placed
  /** The version cannot answer at all. */
  fail(reason: string): void
  /** What has been seen of every step, to be written down. */
  seen(): readonly SeenStep[]
}

/** Starts without having seen a request. */
export function createTrial(first: Challenger): Trial {
  const steps = new Map<number, StepFigures>()
  const nextPlace = placesWithoutKey(first.rollout)
  let challenger = first
  const present = (): StepFigures => {
    const known = steps.get(challenger.step) ?? noFigures()
    steps.set(challenger.step, known)
    return known
  }
  return {
    challenger: () => challenger,
    moveTo: (next) => {
      challenger = next
    },
    place: (key) => {
      const { share, rollout } = challenger
      if (share === undefined) return { side: 'champion', mirrored: true, figures: present() }
      const place = key === undefined ? nextPlace() : placeOf(rollout, key)
      return { side: place < share ? 'challenger' : 'champion', mirrored: false, figures: present() }
    },
    fail: (reason) => {
      present().failed ??= reason
    },
    seen: () => [...steps].map(([step, figures]) => ({ rollout: challenger.rollout, step, figures })),
  }
}

/** How an answer went, with what is written down of it. */
export interface Watched<T> {
  readonly result: PromiseSettledResult<T>
  readonly recorded: Recorded
}

/** Looks at what a predictor answers, whatever becomes of that. */
export type Observe = (signature: Signature, predictor: Predictor) => Predictor

/** Lets a version be asked, and looks at how long that takes and what it predicts. */
export async function watch<T>(ask: (observe: Observe) => Promise<T>): Promise<Watched<T>> {
  let values: Recorded['values']
  let heldBytes: number | undefined
  let begun = performance.now()
  const observe: Observe = (signature, predictor) => {
    // The one had its turn before its body was read, the other waits for it here.
    begun = performance.now()
    return {
      ...predictor,
      predict: async (batch) => {
        try {
          const predictions = await predictor.predict(batch)
          values = valuesOf(signature, predictions)
          return predictions
        } finally {
          heldBytes = predictor.heldBytes?.()
        }
      },
    }
  }
  const [result] = await Promise.allSettled([ask(observe)])
  const milliseconds = performance.now() - begun
  return { result, recorded: result.status === 'rejected' ? { milliseconds, heldBytes, error: result.reason } : { milliseconds, heldBytes, values } }
}

/** What has been watched, or throws what it threw. */
export function resultOf<T>({ result }: Watched<T>): T {
  if (result.status === 'rejected') throw result.reason
  return result.value
}

/** Writes down one answer of one side. */
export function note({ figures }: Placed, side: Placed['side'], recorded: Recorded): void {
  recordAnswer(figures[side], recorded)
}

/** Writes down what both have answered to a mirrored request. */
export function noteBoth({ figures }: Placed, champion: Recorded, challenger: Recorded): void {
  recordAnswer(figures.champion, champion)
  recordAnswer(figures.challenger, challenger)
  recordDifferences(figures, champion, challenger)
}
