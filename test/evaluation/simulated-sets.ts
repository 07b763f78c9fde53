import type { Units } from '../../src/evaluation/scored.js'
import { uniform } from './cases.js'
import { normalQuantile } from './exact-normal.js'

/**
 * The simulated test sets of EVIDENCE rule 15. What makes a model err is normal, of a size that may differ from unit to unit, in part shared between champion and
 * candidate, and alike within a unit; where time runs through the units, from one to the next as well.
 */
export interface Design {
  readonly name: string
  readonly unit: string
  readonly units: number
  readonly rowsOf: (normal: () => number) => number
  /** Correlation of what makes a model err in a row with that of the row before; across units as well where time runs through them. */
  readonly correlation: number
  readonly runsOn: boolean
  /** Share of the variance of what makes them err that two models have in common. */
  readonly shared: number
  /** Share of the rows of the second class, where there are two. Classes are as alike within a unit as errors are. */
  readonly positives: number
  /** How far apart the two classes are for the champion, in standard deviations of either. */
  readonly separation: number
  /** Standard deviation of the logarithm of how large the errors of a unit are, for all models alike; absent: all are as large. Of regression alone. */
  readonly scales?: number
}

const ordinary = { correlation: 0.5, runsOn: false, shared: 0.8, positives: 0.3, separation: 1.2 } as const

export const designs = {
  equal: { ...ordinary, name: '30 groups of equal size', unit: 'group', units: 30, rowsOf: () => 5 },
  unequal: { ...ordinary, name: '40 groups of very unequal sizes', unit: 'group', units: 40, rowsOf: (normal) => 1 + Math.floor(Math.exp(1 + 0.8 * normal())) },
  // The standard error by days is 1.6 times that by rows, as in the median week of the NSW replay.
  days: { ...ordinary, name: '20 days of autocorrelated hours', unit: 'day', units: 20, rowsOf: () => 24, correlation: 0.73, runsOn: true },
  hours: { ...ordinary, name: '10 days of autocorrelated hours, each an hour by itself', unit: 'hour', units: 240, rowsOf: () => 1, correlation: 0.73, runsOn: true },
  scales: { ...ordinary, name: '40 groups whose errors differ much in size', unit: 'group', units: 40, rowsOf: () => 5, scales: 1 },
  dayScales: { ...ordinary, name: '40 days of autocorrelated hours whose errors differ in size from day to day', unit: 'day', units: 40, rowsOf: () => 24, correlation: 0.73, runsOn: true, scales: 0.7 },
  rare: { ...ordinary, name: '100 groups with 8 % of their rows of the second class', unit: 'group', units: 100, rowsOf: () => 4, shared: 0.9, positives: 0.08, separation: 1.6 },
} as const satisfies Readonly<Record<string, Design>>

/** One test set. All arrays run over the same rows. */
export interface TestSet {
  readonly units: Units
  readonly targets: Float64Array
  /** 1 of a row of the second class; empty where nobody asked for classes. */
  readonly labels: Int32Array
  /** What makes three models err: standard normal in every row. */
  readonly champion: Float64Array
  readonly candidate: Float64Array
  readonly another: Float64Array
}

/** Standard normal numbers, seeded. */
export function normals(seed: number): () => number {
  const random = uniform(seed)
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

export function drawTestSet(design: Design, task: 'regression' | 'classification', normal: () => number): TestSet {
  const { units: count, rowsOf, correlation, runsOn, shared, scales = 0 } = design
  const unitOfRow: number[] = []
  const errors: Record<'champion' | 'candidate' | 'another', number[]> = { champion: [], candidate: [], another: [] }
  const [inCommon, own, renewed] = [Math.sqrt(shared), Math.sqrt(1 - shared), Math.sqrt(1 - correlation ** 2)]
  let [common, first, second, third] = [normal(), normal(), normal(), normal()]
  for (let unit = 0; unit < count; unit += 1) {
    if (!runsOn) [common, first, second, third] = [normal(), normal(), normal(), normal()]
    const scale = scales === 0 ? 1 : Math.exp(scales * normal())
    for (let left = rowsOf(normal); left > 0; left -= 1) {
      common = correlation * common + renewed * normal()
      first = correlation * first + renewed * normal()
      second = correlation * second + renewed * normal()
      third = correlation * third + renewed * normal()
      unitOfRow.push(unit)
      errors.champion.push(scale * (inCommon * common + own * first))
      errors.candidate.push(scale * (inCommon * common + own * second))
      errors.another.push(scale * (inCommon * common + own * third))
    }
  }
  return {
    units: { rows: Int32Array.from(unitOfRow, (_, row) => row), unitOfRow: Int32Array.from(unitOfRow), count, isSerial: runsOn },
    targets: Float64Array.from(unitOfRow, (_, row) => 100 + (row % 10)),
    labels: task === 'classification' ? drawLabels(design, unitOfRow, normal) : new Int32Array(),
    champion: Float64Array.from(errors.champion),
    candidate: Float64Array.from(errors.candidate),
    another: Float64Array.from(errors.another),
  }
}

/** The second class is where a normal, alike within a unit, is beyond its quantile: its share is exact, and it comes in runs. */
function drawLabels({ correlation, runsOn, positives }: Design, unitOfRow: readonly number[], normal: () => number): Int32Array {
  const threshold = normalQuantile(1 - positives)
  const renewed = Math.sqrt(1 - correlation ** 2)
  let latent = normal()
  return Int32Array.from(unitOfRow, (unit, row) => {
    if (!runsOn && row > 0 && unit !== unitOfRow[row - 1]) latent = normal()
    latent = correlation * latent + renewed * normal()
    return latent > threshold ? 1 : 0
  })
}
