import { tallyAll, totalWidth, type Evaluator } from '../../src/evaluation/evaluator.js'
import type { Case } from '../../src/evaluation/judge.js'
import type { Coded } from '../../src/evaluation/scored.js'
import { xoshiro128 } from '../../src/evaluation/random.js'
import { ABREAST } from '../../src/evaluation/tally.js'

/** How a case is made up; harm is the relative harm of the candidate's error beside the champion's. */
export interface Sketch {
  readonly units?: number
  readonly rowsPerUnit?: number
  readonly harm?: (unit: number) => number
  /** How far the harm of single rows strays from it, at most. */
  readonly spread?: number
  /** Of its own where several candidates are to stray each by itself from one champion. */
  readonly straySeed?: number
  /** How many times as large the errors of all models are. */
  readonly strain?: (unit: number) => number
  /** Units that arrived after the champion's snapshot; default none. */
  readonly fresh?: (unit: number) => boolean
  readonly seed?: number
}

/** Numbers texts in the order in which they first occur. */
export function coded(texts: Iterable<string>): Coded {
  const numbers = new Map<string, number>()
  const codes = Int32Array.from(texts, (text) => {
    const known = numbers.get(text)
    if (known !== undefined) return known
    numbers.set(text, numbers.size)
    return numbers.size - 1
  })
  return { codes, values: [...numbers.keys()] }
}

/** A metric where each unit counts as often as it is said to. */
export function valueWith({ tallies, finish }: Evaluator, times: ArrayLike<number>): number | null {
  const counts = Uint16Array.from({ length: times.length * ABREAST }, (_, at) => (at % ABREAST === 0 ? (times[at / ABREAST] ?? 0) : 0))
  const stride = totalWidth(tallies)
  const numbers = new Float64Array(stride * ABREAST)
  tallyAll(tallies, counts, { numbers, at: 0, stride })
  return finish(numbers.subarray(0, stride))
}

/** Numbers of [0, 1). */
export function uniform(seed: number): () => number {
  const random = xoshiro128(seed)
  return () => random() / 4_294_967_296
}

/** Prices around 1,000 with a champion (version 3) whose errors are 50 to 150 and a baseline whose errors are ten times those. */
export function regressionCase(sketch: Sketch = {}, changes: Partial<Case> = {}): Case {
  const { units = 60, rowsPerUnit = 4, harm = () => 0, spread = 0.1, strain = () => 1, fresh = () => false, seed = 1, straySeed } = sketch
  const random = uniform(seed)
  const rows = units * rowsPerUnit
  const targets = Float64Array.from({ length: rows }, () => 900 + 200 * random())
  const errors = Float64Array.from({ length: rows }, () => (random() < 0.5 ? -1 : 1) * (50 + 100 * random()))
  const unitOf = (row: number): number => Math.floor(row / rowsPerUnit)
  for (const [row, error] of errors.entries()) errors[row] = error * strain(unitOf(row))
  const stray = straySeed === undefined ? random : uniform(straySeed)
  const champion = targets.map((target, row) => target + (errors[row] ?? 0))
  const candidate = targets.map((target, row) => target + (errors[row] ?? 0) * (1 + harm(unitOf(row))) * (1 + spread * (2 * stray() - 1)))
  return {
    task: 'regression',
    rules: [],
    candidate: { task: 'regression', targets, values: candidate },
    baseline: { task: 'regression', targets, values: targets.map((target, row) => target + 10 * (errors[row] ?? 0)) },
    champion: { version: 3, scored: { task: 'regression', targets, values: champion }, fresh: (row) => fresh(unitOf(row)) },
    unitOfRow: Int32Array.from({ length: rows }, (_, row) => unitOf(row)),
    unit: 'group',
    split: 'group',
    eligible: () => true,
    slices: {},
    seed: 42,
    ...changes,
  }
}

/** Two classes, every `every`-th row of the second one; a candidate that is right with 0.8 on average, and shares of 0.5. */
export function classificationCase(rows: number, every: number, changes: Partial<Case> = {}): Case {
  const random = uniform(5)
  const labels = Int32Array.from({ length: rows }, (_, row) => (row % every === 0 ? 1 : 0))
  const sure = Array.from(labels, (label) => ({ label, right: 0.65 + 0.3 * random() }))
  const probabilities = Float64Array.from(sure.flatMap(({ label, right }) => (label === 1 ? [1 - right, right] : [right, 1 - right])))
  return {
    task: 'classification',
    rules: [],
    candidate: { task: 'classification', labels, probabilities, classes: 2 },
    baseline: { task: 'classification', labels, probabilities: new Float64Array(rows * 2).fill(0.5), classes: 2 },
    unitOfRow: labels.map((_, row) => row),
    unit: 'row',
    split: 'group',
    eligible: () => true,
    slices: {},
    seed: 42,
    ...changes,
  }
}
