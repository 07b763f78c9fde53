import type { DuckDBConnection } from '@duckdb/node-api'
import type { StoredSplit } from '../define/stored-definition.js'
import { name } from './duckdb.js'
import { shareOf, type Purpose } from './unit.js'

/**
 * Makes the table `strata`: `refit_unit`, the MD5 of each unit's text as a number, and its `refit_side`, `test`, `validation` or
 * `train`, so that each value of a column has the same shares. A unit gets its side when it first appears: among the
 * units that came with the same drop and have the same value there, in the order of their MD5 shares, a systematic
 * sample with a start of its own is taken. Each such cell has its share to within one unit, and no later drop moves a
 * unit; only where the drop that it came with goes, by being withdrawn or delivered again, is it drawn anew.
 *
 * Looks at all of `history`, for a unit's first rows may lie before the window.
 */
export async function stratify(connection: DuckDBConnection, split: Extract<StoredSplit, { kind: 'group' }>, column: string, unit: string, inHoldout: string): Promise<void> {
  // Step by step, and with nothing but numbers for each unit, so that DuckDB can spill each.
  await connection.run(`create or replace temp table firsts as select min(refit_row) as refit_row from history where not ${inHoldout} group by md5_number(${unit})`)
  await connection.run(
    `create or replace temp table cells as
      select md5_number(${unit}) as refit_unit, ${shareOf(unit, 'test')} as refit_test_share, ${shareOf(unit, 'validation')} as refit_validation_share,
        refit_drop || chr(31) || coalesce(${name(column)}::varchar, '') as refit_cell
      from history semi join firsts using (refit_row)`,
  )
  await connection.run(
    `create or replace temp table tested as
      select refit_unit, refit_cell, refit_validation_share, ${isTaken('refit_cell', 'test', split.test, 'refit_cell')} as refit_test from cells`,
  )
  await connection.run(
    `create or replace temp table strata as
      select refit_unit, case when refit_test then 'test' when ${isTaken('refit_cell', 'validation', split.validation, 'refit_cell, refit_test')} then 'validation' else 'train' end as refit_side from tested`,
  )
  for (const table of ['firsts', 'cells', 'tested']) await connection.run(`drop table ${table}`)
}

/** Whether a systematic sample of a share, in the order of the units' own shares, takes a unit. */
function isTaken(cell: string, purpose: Exclude<Purpose, 'holdout'>, share: number, partition: string): string {
  const rank = `(row_number() over (partition by ${partition} order by refit_${purpose}_share, refit_unit))`
  const start = shareOf(cell, purpose)
  return `(floor(${rank} * ${share} + ${start}) > floor((${rank} - 1) * ${share} + ${start}))`
}
