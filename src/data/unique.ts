import type { DuckDBConnection } from '@duckdb/node-api'
import type { StoredColumn } from '../define/stored-definition.js'
import { neededColumns } from './contract.js'
import { name, numberOf, rowsOf } from './duckdb.js'
import type { DropFault } from './snapshot.js'

const SAMPLES = 5

/** Values that stand in several rows of a part, given in SQL with their `file_row_number`, though their column says that they must not. */
export async function uniqueFaults(connection: DuckDBConnection, source: string, columns: Readonly<Record<string, StoredColumn>>): Promise<readonly DropFault[]> {
  const faults: DropFault[] = []
  for (const [column] of neededColumns(columns).filter(([, { unique }]) => unique === true)) {
    const value = name(column)
    // Repeated values first: their rows are few, and only these have to be put in order.
    const repeats = await rowsOf(
      connection,
      `with rows as (select ${value} as value, file_row_number + 1 as row from ${source} where ${value} is not null),
         repeated as (select value, min(row) as first from rows group by value having count(*) > 1)
       select row, value::varchar as value, first, sum(1) over () as rows from rows join repeated using (value) where row > first order by row limit ${SAMPLES}`,
    )
    const [repeat] = repeats
    if (repeat === undefined) continue
    const rows = numberOf(repeat['rows'])
    const said = `${rows.toLocaleString('en-US')} row${rows === 1 ? '' : 's'}`
    faults.push({
      code: 'not-unique',
      column,
      message: `Column ${column}: ${said} with a value that an earlier row has; row ${numberOf(repeat['row'])} has that of row ${numberOf(repeat['first'])}.`,
      rows,
      samples: repeats.map((each) => ({ row: numberOf(each['row']), value: String(each['value']).slice(0, 200) })),
    })
  }
  return faults
}
