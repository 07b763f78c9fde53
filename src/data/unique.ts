import type { DuckDBConnection } from '@duckdb/node-api'
import type { StoredColumn } from '../define/stored-definition.js'
import { neededColumns } from './contract.js'
import { name, numberOf, rowsOf } from './duckdb.js'
import type { DropFault } from './snapshot.js'

const SAMPLES = 5

/** Values that stand in several rows of a part, given in SQL with their `refit_number`, though their column says that they must not. */
export async function uniqueFaults(connection: DuckDBConnection, source: string, columns: Readonly<Record<string, StoredColumn>>): Promise<readonly DropFault[]> {
  const faults: DropFault[] = []
  for (const [column] of neededColumns(columns).filter(([, { unique }]) => unique === true)) {
    const value = name(column)
    // Repeated values first: their rows are few, and only these have to be put in order.
    const repeats = await rowsOf(
      connection,
      `with given as (select ${value} as refit_value, refit_number + 1 as refit_row from ${source} where ${value} is not null),
         repeated as (select refit_value, min(refit_row) as refit_first from given group by refit_value having count(*) > 1)
       select refit_row, refit_value::varchar as refit_value, refit_first, sum(1) over () as refit_rows
        from given join repeated using (refit_value) where refit_row > refit_first order by refit_row limit ${SAMPLES}`,
    )
    const [repeat] = repeats
    if (repeat === undefined) continue
    const rows = numberOf(repeat['refit_rows'])
    const said = `${rows.toLocaleString('en-US')} row${rows === 1 ? '' : 's'}`
    faults.push({
      code: 'not-unique',
      column,
      message: `Column ${column}: ${said} with a value that an earlier row has; row ${numberOf(repeat['refit_row'])} has that of row ${numberOf(repeat['refit_first'])}.`,
      rows,
      samples: repeats.map((each) => ({ row: numberOf(each['refit_row']), value: String(each['refit_value']).slice(0, 200) })),
    })
  }
  return faults
}
