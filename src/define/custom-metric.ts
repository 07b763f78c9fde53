import type { Column, Columns } from './column.js'
import type { CustomFacts, StoredMetric } from './stored-definition.js'

/**
 * A metric of your own: a module of the project that exports `row(truth, prediction, columns)`, the number or numbers
 * that a row adds, and, where it is no mean, `total(sums, weight)`, the metric of their sums over rows.
 */
export function metric(path: string, { better, unit }: CustomFacts): StoredMetric {
  return { path, better, ...(unit === undefined ? {} : { unit }) }
}

/** What `row` of a metric's module is given of a row besides truth and prediction: all columns but the target and the ignored ones. Times are ISO 8601 in UTC. */
export type MeasuredColumns<C extends Columns> = { readonly [Name in Measured<C>]: ValueOf<C[Name]> }

type Measured<C extends Columns> = { [Name in keyof C & string]: C[Name]['role'] extends 'target' | 'ignored' ? never : Name }[keyof C & string]

type Present<C extends Column> = C['type'] extends 'number' ? number : C['type'] extends 'boolean' ? boolean : string

type ValueOf<C extends Column> = C extends Column<C['type'], C['role'], true> ? Present<C> | null : Present<C>
