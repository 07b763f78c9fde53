import { access, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { castOf } from '../data/cast.js'
import { name, numberOf, rowOf, text } from '../data/duckdb.js'
import { FileFault } from '../data/file-fault.js'
import { hidesNumbers } from '../data/numbered-rows.js'
import { withTables, type Table } from '../data/open-table.js'
import { typeFaults } from '../data/parquet.js'
import { refitError } from '../errors.js'
import type { Signature, SignatureColumn } from '../packages/manifest.js'
import { COPY_ROWS } from './row-groups.js'
import type { OutputFormat, ScoreInput } from './score-job.js'
import { syncFile } from './sync.js'

/** Longest text of a value that is none, as it is told. */
const LONGEST_SHOWN = 60

/**
 * A file whose rows can be scored, as Parquet: that is numbered and can be begun anywhere. CSV and JSON are copied once;
 * the copy holds texts, and of JSON the values as they were written.
 */
export interface Scorable {
  readonly path: string
  readonly rows: number
  readonly columns: readonly string[]
  /** SQL of the rows with their place and, for each input, its value under the input's type, and its text where it is none of that type. */
  readonly values: (inputs: readonly SignatureColumn[]) => string
  /** SQL of a column as it is kept in an output. */
  readonly kept: (column: string, format: OutputFormat['kind']) => string
}

/**
 * Opens a file of rows for a model. What cannot be read as a table, or has not the columns, is refused whole.
 * @throws RefitError `batch-input-unfit`
 */
export async function openScorable(connection: DuckDBConnection, { input, workFolder }: Pick<ScoreInput, 'input' | 'workFolder'>, { inputs }: Pick<Signature, 'inputs'>): Promise<Scorable> {
  const copy = join(workFolder, 'input.parquet')
  const file = { path: input.path, key: input.name, expected: inputs.map((column) => column.name), format: input.format, scratchFile: join(workFolder, 'plain') }
  try {
    return await withTables(connection, [file], async ([table]) => {
      if (table === undefined) throw new Error('no table was opened')
      requireColumns(input.name, table, inputs)
      if (table.parquet !== undefined && table.parquet === input.path) return scorable(connection, table.parquet, 'parquet', table.rows.types)
      const kind = table.parquet !== undefined ? 'parquet' : table.rowsRaw !== undefined ? 'json' : 'csv'
      await copyOnce(connection, (table.rowsRaw ?? table.rows).from, copy)
      return scorable(connection, copy, kind, table.rows.types)
    })
  } catch (error) {
    if (error instanceof FileFault) throw refitError('batch-input-unfit', { file: input.name, reason: error.fault.message }, { cause: error })
    throw error
  }
}

/** @throws RefitError `batch-input-unfit` that names each column */
function requireColumns(file: string, { columns, rows }: Table, inputs: readonly SignatureColumn[]): void {
  const missing = inputs.filter(({ name: column, optional }) => !optional && !columns.includes(column)).map(({ name: column }) => ({ path: column, message: 'is missing, and not optional' }))
  const strange = typeFaults(rows, inputs.map(({ name: column }) => column)).map(({ column = '', message }) => ({ path: column, message }))
  const faults = [...missing, ...strange]
  if (faults.length === 0) return
  const [first] = faults
  const reason = missing.length > 0 ? `it has no column ${missing.map(({ path }) => path).join(', ')}.` : (first?.message ?? '')
  throw refitError('batch-input-unfit', { file, reason }, { faults })
}

async function copyOnce(connection: DuckDBConnection, from: string, path: string): Promise<void> {
  const isThere = await access(path).then(() => true, () => false)
  if (isThere) return
  await connection.run(`copy (select * from ${from}) to ${text(`${path}.tmp`)} (format parquet, compression zstd, row_group_size ${COPY_ROWS})`)
  await syncFile(`${path}.tmp`)
  await rename(`${path}.tmp`, path)
}

async function scorable(connection: DuckDBConnection, path: string, kind: 'parquet' | 'csv' | 'json', types: ReadonlyMap<string, string>): Promise<Scorable> {
  const { rows } = await rowOf(connection, `select num_rows as rows from parquet_file_metadata(${text(path)})`)
  const columns = [...types.keys()]
  const textOf = (column: string): string => (kind === 'json' ? `json_extract_string(${name(column)}, '$')` : name(column))
  const file = { path, columns }
  return {
    ...file,
    rows: numberOf(rows),
    values: (inputs) => {
      const present = inputs.filter((input) => types.has(input.name))
      const texts = kind === 'json' ? placedRows(file, present.map((input) => `${textOf(input.name)} as ${name(input.name)}`)) : undefined
      const expressions = inputs.flatMap((input, index) => {
        const { value, stray } = types.has(input.name) ? valueOf(input, types.get(input.name)) : { value: 'null', stray: 'null' }
        return [`${value} as v${index}`, `${stray} as s${index}`]
      })
      return texts === undefined ? placedRows(file, expressions) : `(select ${['refit_place', ...expressions].join(', ')} from ${texts})`
    },
    kept: (column, format) => (kind === 'json' ? (format === 'json' || format === 'ndjson' ? `${name(column)}::json` : textOf(column)) : name(column)),
  }
}

function valueOf(input: SignatureColumn, found: string | undefined): { readonly value: string; readonly stray: string } {
  const value = castOf(input.name, input, found)
  if (input.type === 'category') return { value, stray: 'null' }
  // What is blank is missing, and not wrong.
  const words = `trim(${name(input.name)}::varchar)`
  return { value, stray: `case when ${value} is null and ${words} <> '' then left(${words}, ${LONGEST_SHOWN}) end` }
}

/** SQL of a Parquet file's rows with their number, which counts from 0, as `refit_place`. */
export function placedRows({ path, columns }: Pick<Scorable, 'path' | 'columns'>, expressions: readonly string[]): string {
  const numbers = hidesNumbers(columns) ? 'row_number() over () - 1' : 'file_row_number'
  const options = hidesNumbers(columns) ? '' : ', file_row_number = true'
  return `(select ${[`${numbers} as refit_place`, ...expressions].join(', ')} from read_parquet(${text(path)}, binary_as_string = true${options}))`
}

/** Gives values of rows in their order, from a row on, a few thousand at a time. */
export async function readPlaced(connection: DuckDBConnection, rows: string, from: number, visit: (columns: readonly (readonly unknown[])[], from: number, rows: number) => Promise<void>): Promise<void> {
  const result = await connection.stream(`select * from ${rows} where refit_place >= ${from}`)
  let next = from
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    if (Number(chunk.getColumnVector(0).getItem(0)) !== next) throw new Error('DuckDB gives rows out of order')
    await visit(Array.from({ length: chunk.columnCount - 1 }, (_, index) => chunk.getColumnValues(index + 1)), next, chunk.rowCount)
    next += chunk.rowCount
  }
}

