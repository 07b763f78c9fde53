import { RefitError } from '../errors.js'
import type { Signature } from '../packages/manifest.js'
import type { Predictions } from '../predictors/predictor.js'
import { momentsFor, type ArmFigures, type StepFigures } from '../rollouts/figures.js'
import { cellOf } from '../rollouts/latencies.js'
import { addHeld, noMemory } from '../rollouts/memory.js'
import { addRequest, noMoments, type Moments } from '../rollouts/moments.js'

/** Of a model with many classes only so many are looked at: what is wrong with a model shows in the first few. */
const MOST_CLASSES = 10

/** What one version has made of one request. */
export interface Recorded {
  readonly milliseconds: number
  /** Undefined where it went well. */
  readonly error?: unknown
  /** By class, of its probability, one a row; of a regression under the empty name. Undefined where there are none. */
  readonly values?: ReadonlyMap<string, readonly number[]> | undefined
  /** Memory that the version held, in bytes; undefined where it has none of its own, or has not been heard of. */
  readonly heldBytes?: number | undefined
}

/** What is kept of predictions. Two classes say the same of each other, so one of them is enough. */
export function valuesOf({ classes }: Pick<Signature, 'classes'>, predictions: Predictions): ReadonlyMap<string, readonly number[]> {
  if (predictions.task === 'regression') return new Map([['', [...predictions.values]]])
  const { probabilities } = predictions
  const rows = probabilities.length / classes.length
  const looked = [...classes.entries()].slice(classes.length === 2 ? 1 : 0, MOST_CLASSES)
  return new Map(looked.map(([index, label]) => [label, Array.from({ length: rows }, (_, row) => probabilities[row * classes.length + index] ?? Number.NaN)]))
}

/** Adds a request to what a version has answered, in place. */
export function recordAnswer(arm: ArmFigures, { milliseconds, error, values, heldBytes }: Recorded): void {
  arm.requests += 1
  if (heldBytes !== undefined) {
    arm.memory ??= noMemory()
    addHeld(arm.memory, heldBytes)
  }
  const status = error === undefined ? 200 : error instanceof RefitError ? error.status : 500
  // Who went away has waited so long: of a version that is slow many do.
  const left = error instanceof RefitError && error.code === 'caller-left'
  if (status >= 400 && status < 500 && !left) {
    arm.refused += 1
    return
  }
  const cell = cellOf(milliseconds)
  arm.latencies[cell] = (arm.latencies[cell] ?? 0) + 1
  if (left) return
  if (error !== undefined) arm.errors += 1
  else if (values !== undefined) addValues(arm.predictions, values)
}

/** Adds what two versions have answered to the same request, in place. */
export function recordDifferences(figures: StepFigures, champion: Recorded, challenger: Recorded): void {
  if (champion.error !== undefined || challenger.error !== undefined || champion.values === undefined) return
  const differences = [...champion.values].flatMap(([label, before]) => {
    const after = challenger.values?.get(label)
    return after === undefined ? [] : [[label, before.map((value, row) => (after[row] ?? value) - value)] as const]
  })
  addValues(figures.differences, new Map(differences))
}

function addValues(by: Record<string, Moments>, values: ReadonlyMap<string, readonly number[]>): void {
  for (const [label, of] of values) {
    const moments = momentsFor(by, label)
    if (moments !== undefined) addRequest(moments, of)
    else {
      const begun = noMoments(of[0] ?? 0)
      addRequest(begun, of)
      // Also under the name of what every object has.
      Object.defineProperty(by, label, { value: begun, enumerable: true, writable: true, configurable: true })
    }
  }
}
