import { valueOf } from './evaluator.js'
import { customMetricsOf, evaluatorOf, metricsOf } from './metric.js'
import type { Scored, Units } from './scored.js'
import type { Verdict } from './verdict.js'

/** What candidate and champion make of the rows that are held out of every set. It decides nothing. */
export function measureHoldout(
  candidate: Scored,
  champion: { readonly version: number; readonly scored: Scored } | undefined,
  weights?: Float64Array,
): NonNullable<Verdict['holdout']> {
  const rows = candidate.task === 'regression' ? candidate.targets.length : candidate.labels.length
  return {
    rows,
    candidate: figuresOf(candidate, rows, weights),
    ...(champion === undefined ? {} : { champion: { version: champion.version, metrics: figuresOf(champion.scored, rows, weights) } }),
  }
}

function figuresOf(scored: Scored, rows: number, weights: Float64Array | undefined): Record<string, number | null> {
  const units: Units = { rows: Int32Array.from({ length: rows }, (_, row) => row), unitOfRow: new Int32Array(rows), count: 1, weights }
  return Object.fromEntries([...metricsOf(scored.task), ...customMetricsOf(scored)].map((metric) => [metric, valueOf(evaluatorOf(metric, scored, units), units)]))
}
