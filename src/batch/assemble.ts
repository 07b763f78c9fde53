import type { DuckDBConnection } from '@duckdb/node-api'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { name, numberOf, rowOf, rowsOf, text } from '../data/duckdb.js'
import type { OutputColumn } from './output-columns.js'
import { ERROR_COLUMN } from './output-columns.js'
import { groupRows } from './row-groups.js'
import { placedRows, type Scorable } from './scorable.js'
import { RejectedRow, type OutputFormat, type Scored } from './score-job.js'

const MOST_SAMPLES = 20

/** Writes the rows of a file with what was said of them, in their order: every row once. */
export async function assemble(connection: DuckDBConnection, file: Scorable, parts: readonly string[], added: readonly OutputColumn[], path: string, format: OutputFormat): Promise<void> {
  const names = new Set(added.map((column) => column.name.toLowerCase()))
  const kept = file.columns.filter((column) => !names.has(column.toLowerCase()))
  const rows = placedRows(file, kept.map((column, index) => `${file.kept(column, format.kind)} as k${index}`))
  const said = `(select ${['refit_place', ...added.map((column, index) => `${name(column.name)} as p${index}`)].join(', ')} from ${partRows(parts, added)})`
  const columns = [...kept.map((column, index) => `r.k${index} as ${name(column)}`), ...added.map((column, index) => `p.p${index} as ${name(column.name)}`)]
  // Side by side, row by row, for a join would keep all of one side in memory. The numbers say whether both are of the same
  // row; asked for in the same query they would keep whole pages of the file in memory, 128 MB each.
  const beside = `${placedRows(file, [])} r positional join (select refit_place from ${partRows(parts, added)}) p`
  const { strayed } = await rowOf(connection, `select count(*) filter (where r.refit_place is distinct from p.refit_place) as strayed from ${beside}`)
  if (numberOf(strayed) > 0) throw new Error('rows and predictions are not of the same row')
  const joined = `select ${columns.join(', ')} from ${rows} r positional join ${said} p`
  await connection.run(`copy (${joined}) to ${text(path)} (${writingAs(format, await groupRows(connection, file))})`)
}

function writingAs({ kind, gzip }: OutputFormat, rows: number): string {
  const compression = gzip ? ', compression gzip' : ''
  switch (kind) {
    case 'parquet':
      return `format parquet, compression zstd, row_group_size ${rows}`
    case 'csv':
      return `format csv, header true${compression}`
    case 'ndjson':
      return `format json${compression}`
    case 'json':
      return `format json, array true${compression}`
  }
}

/** What became of the rows, by the parts. */
export async function countParts(connection: DuckDBConnection, parts: readonly string[], added: readonly OutputColumn[]): Promise<Omit<Scored, 'kept'>> {
  const from = partRows(parts, added)
  const { rows, rejected } = await rowOf(connection, `select count(*) as rows, count(${ERROR_COLUMN}) as rejected from ${from}`)
  const samples = await rowsOf(connection, `select (refit_place + 1)::integer as row, ${ERROR_COLUMN} as reason from ${from} where ${ERROR_COLUMN} is not null order by refit_place limit ${MOST_SAMPLES}`)
  return { rows: numberOf(rows), rejected: numberOf(rejected), samples: Value.Parse(Type.Array(RejectedRow), samples.map(({ row, reason }) => ({ row: numberOf(row), reason }))) }
}

/** SQL of the rows of all parts; of none where there is no part. */
function partRows(parts: readonly string[], added: readonly OutputColumn[]): string {
  if (parts.length > 0) return `read_parquet([${parts.map(text).join(', ')}])`
  return `(select ${['null::bigint as refit_place', ...added.map((column) => `null::${column.type} as ${name(column.name)}`)].join(', ')} where false)`
}
