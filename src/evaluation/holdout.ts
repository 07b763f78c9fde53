import { evaluatorOf, metricsOf } from './metric.js'
import type { Scored } from './scored.js'
import { unitsOf } from './units.js'
import type { Verdict } from './verdict.js'

/** What candidate and champion make of the rows that are held out of every set. It decides nothing. */
export function measureHoldout(candidate: Scored, champion: { readonly version: number; readonly scored: Scored } | undefined): NonNullable<Verdict['holdout']> {
  const rows = candidate.task === 'regression' ? candidate.targets.length : candidate.labels.length
  return {
    rows,
    candidate: figuresOf(candidate, rows),
    ...(champion === undefined ? {} : { champion: { version: champion.version, metrics: figuresOf(champion.scored, rows) } }),
  }
}

function figuresOf(scored: Scored, rows: number): Record<string, number | null> {
  const units = unitsOf(Int32Array.from({ length: rows }, (_, row) => row), Array.from({ length: rows }, (_, row) => String(row)))
  return Object.fromEntries(metricsOf(scored.task).map((metric) => [metric, evaluatorOf(metric, scored, units)(undefined)]))
}
