import { Type, type Static } from 'typebox'
import type { Scored } from './scored.js'

/** How predictions lie beside the truth, in few enough figures to be kept with a verdict and drawn. */

/** Rows whose predictions are alike: how many, what was predicted, what was true, both as means by weight. */
const Bin = Type.Object({ rows: Type.Integer(), predicted: Type.Number(), actual: Type.Number() })
const Bins = Type.Array(Bin)

/** Decides nothing. */
export const Fit = Type.Union([
  Type.Object({
    kind: Type.Literal('residuals'),
    /** Errors, prediction less truth, between so many edges at equal distances; what lies beyond is in the outermost bins. */
    edges: Type.Array(Type.Number()),
    /** By the tenths of each model's own predictions; fewer where many are equal. */
    candidate: Type.Object({ errors: Type.Array(Type.Integer()), tenths: Bins }),
    champion: Type.Optional(Type.Object({ errors: Type.Array(Type.Integer()), tenths: Bins })),
  }),
  Type.Object({
    kind: Type.Literal('calibration'),
    /** Of two classes the second one's probability counts; of more, every class with each row. */
    classes: Type.Integer(),
    /** By the bins of the calibration error, the empty ones left out. */
    candidate: Bins,
    champion: Type.Optional(Bins),
  }),
])
export type Fit = Static<typeof Fit>
export type FitBin = Static<typeof Bin>

type Regression = Extract<Scored, { task: 'regression' }>
type Classification = Extract<Scored, { task: 'classification' }>

/** An odd number: the middle bin is of those that are nearly right. */
const ERROR_BINS = 21
const TENTHS = 10
/** Share of the candidate's errors that lies within the edges. */
const WITHIN = 0.98
/** Those of the calibration error. */
const PROBABILITY_BINS = 15

/** Of the rows that are judged. Undefined where there is nothing to show. */
export function fitOf(candidate: Scored, champion: Scored | undefined, rows: Int32Array, weights?: Float64Array): Fit | undefined {
  if (rows.length === 0) return undefined
  const weightOf = (row: number): number => weights?.[row] ?? 1
  if (candidate.task === 'regression') {
    const edges = edgesFor(candidate, rows)
    const of = (model: Regression): { errors: number[]; tenths: FitBin[] } => ({ errors: errorsBetween(edges, model, rows), tenths: tenthsOf(model, rows, weightOf) })
    return { kind: 'residuals', edges: [...edges], candidate: of(candidate), ...(champion?.task === 'regression' ? { champion: of(champion) } : {}) }
  }
  return {
    kind: 'calibration',
    classes: candidate.classes,
    candidate: reliabilityOf(candidate, rows, weightOf),
    ...(champion?.task === 'classification' ? { champion: reliabilityOf(champion, rows, weightOf) } : {}),
  }
}

function errorOf({ targets, values }: Regression, row: number): number {
  return (values[row] ?? Number.NaN) - (targets[row] ?? Number.NaN)
}

function edgesFor(model: Regression, rows: Int32Array): readonly number[] {
  const sizes = Float64Array.from(rows, (row) => Math.abs(errorOf(model, row))).filter(Number.isFinite).sort()
  const found = sizes[Math.min(sizes.length - 1, Math.floor(sizes.length * WITHIN))] ?? 0
  const reach = found > 0 ? found : 1
  return Array.from({ length: ERROR_BINS + 1 }, (_, edge) => reach * ((2 * edge) / ERROR_BINS - 1))
}

function errorsBetween(edges: readonly number[], model: Regression, rows: Int32Array): number[] {
  const counts = Array.from({ length: ERROR_BINS }, () => 0)
  const reach = edges.at(-1) ?? 1
  for (const row of rows) {
    const error = errorOf(model, row)
    if (Number.isNaN(error)) continue
    const bin = Math.min(ERROR_BINS - 1, Math.max(0, Math.floor(((error / reach + 1) / 2) * ERROR_BINS)))
    counts[bin] = (counts[bin] ?? 0) + 1
  }
  return counts
}

function tenthsOf({ targets, values }: Regression, rows: Int32Array, weightOf: (row: number) => number): FitBin[] {
  const sorted = Float64Array.from(rows, (row) => values[row] ?? Number.NaN).filter(Number.isFinite).sort()
  const uppers = Array.from({ length: TENTHS }, (_, tenth) => sorted[Math.max(0, Math.ceil(((tenth + 1) / TENTHS) * sorted.length) - 1)] ?? 0)
  const bins = new Means(TENTHS)
  for (const row of rows) {
    const [predicted, actual] = [values[row] ?? Number.NaN, targets[row] ?? Number.NaN]
    if (Number.isFinite(predicted) && Number.isFinite(actual)) bins.add(uppers.findIndex((upper) => predicted <= upper), predicted, actual, weightOf(row))
  }
  return bins.filled()
}

function reliabilityOf({ labels, probabilities, classes }: Classification, rows: Int32Array, weightOf: (row: number) => number): FitBin[] {
  const bins = new Means(PROBABILITY_BINS)
  const looked = classes === 2 ? [1] : Array.from({ length: classes }, (_, each) => each)
  for (const row of rows) {
    for (const each of looked) {
      const probability = probabilities[row * classes + each] ?? Number.NaN
      if (Number.isFinite(probability)) bins.add(Math.min(PROBABILITY_BINS - 1, Math.max(0, Math.ceil(probability * PROBABILITY_BINS) - 1)), probability, labels[row] === each ? 1 : 0, weightOf(row))
    }
  }
  return bins.filled()
}

/** Means by weight, bin by bin. */
class Means {
  readonly #rows: Float64Array
  readonly #weight: Float64Array
  readonly #predicted: Float64Array
  readonly #actual: Float64Array

  constructor(bins: number) {
    this.#rows = new Float64Array(bins)
    this.#weight = new Float64Array(bins)
    this.#predicted = new Float64Array(bins)
    this.#actual = new Float64Array(bins)
  }

  add(bin: number, predicted: number, actual: number, weight: number): void {
    this.#rows[bin] = (this.#rows[bin] ?? 0) + 1
    this.#weight[bin] = (this.#weight[bin] ?? 0) + weight
    this.#predicted[bin] = (this.#predicted[bin] ?? 0) + predicted * weight
    this.#actual[bin] = (this.#actual[bin] ?? 0) + actual * weight
  }

  /** Those that have rows which count. */
  filled(): FitBin[] {
    return Array.from(this.#rows, (rows, bin) => {
      const weight = this.#weight[bin] ?? 0
      return { rows, weight, predicted: (this.#predicted[bin] ?? 0) / weight, actual: (this.#actual[bin] ?? 0) / weight }
    }).flatMap(({ weight, ...bin }) => (weight > 0 && Number.isFinite(bin.predicted) && Number.isFinite(bin.actual) ? [bin] : []))
  }
}
