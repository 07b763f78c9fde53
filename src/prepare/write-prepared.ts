import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { BOOLEAN, DOUBLE, DuckDBDataChunk, VARCHAR, type DuckDBAppender, type DuckDBConnection, type DuckDBType } from '@duckdb/node-api'
import { name, openDuckDb, text } from '../data/duckdb.js'
import type { StoredColumn } from '../define/stored-definition.js'
import { refitError } from '../errors.js'
import { locateRow } from './locate-row.js'
import { loadPreparer, RowNotPrepared, type Preparer, type Value, type ValueColumns } from './prepare-rows.js'
import type { PrepareSetsInput } from './prepare-sets-job.js'
import { requireSameAnswers } from './same-answers.js'

/** Rows by which the module is tried before and after: it has to give them the same answers. */
const SAMPLE_ROWS = 1000

/** Writes training and validation set anew, prepared, a batch at a time: memory does not grow with the rows. */
export async function writePrepared(input: PrepareSetsInput): Promise<void> {
  const code = await readFile(input.bundle, 'utf8')
  const spillFolder = `${input.folder}.spill`
  // Two, for one is read from while the other is written to.
  const source = await openDuckDb({ memoryBytes: input.memoryBytes / 4, spillFolder })
  const target = await openDuckDb({ memoryBytes: input.memoryBytes / 2, spillFolder })
  for (const side of ['train', 'validation'] as const) await prepareSide(input, code, side, source, target)
  await rm(spillFolder, { recursive: true, force: true })
}

async function prepareSide(input: PrepareSetsInput, code: string, side: 'train' | 'validation', source: DuckDBConnection, target: DuckDBConnection): Promise<void> {
  const raw = join(input.folder, side)
  const made = join(input.folder, `prepared-${side}`)
  await mkdir(made)
  const file = join(input.folder, 'prepared.duckdb')
  await target.run(`attach ${text(file)} as prepared`)
  const types = typesOf(input)
  await target.run(`create table prepared.main.rows (${[...types].map(([column, type]) => `${name(column)} ${String(type)}`).join(', ')})`)
  const appender = await target.createAppender('rows', 'main', 'prepared')
  await prepareRows(input, code, source, join(raw, `${side}.parquet`), (columns, rows) => append(appender, types, columns, rows))
  appender.closeSync()
  await target.run(`copy (select * from prepared.main.rows) to ${text(join(made, `${side}.parquet`))} (format parquet)`)
  await target.run(`copy (select * from prepared.main.rows) to ${text(join(made, `${side}.csv`))} (format csv, header)`)
  await target.run('detach prepared')
  await rm(file)
  await rm(raw, { recursive: true })
  await rename(made, raw)
}

/** Prepares the rows of a file in their order. */
async function prepareRows(input: PrepareSetsInput, code: string, source: DuckDBConnection, file: string, write: (columns: ValueColumns, rows: number) => void): Promise<void> {
  const inputs = Object.entries(input.columns).flatMap(([column, { role }]) => (role === 'feature' ? [column] : []))
  const load = (): Preparer => {
    try {
      return loadPreparer(code, input.path, { inputs, outputs: input.outputs })
    } catch (error) {
      throw refitError('prepare-unusable', { path: input.path, reason: error instanceof Error ? error.message : String(error) }, { cause: error })
    }
  }
  const preparer = load()
  const taken = [...inputs, ...besidesFeatures(input)]
  let sample: { readonly rows: number; readonly columns: ValueColumns } | undefined
  const read = await source.stream(`select ${taken.map(name).join(', ')} from read_parquet(${text(file)})`)
  const told = async (columns: ValueColumns, error: unknown): Promise<never> => {
    if (!(error instanceof RowNotPrepared)) throw error
    throw refitError('prepare-failed', { path: input.path, row: await locateRow(input, columns, error.row), reason: error.reason }, { cause: error })
  }
  for (let chunk = await read.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await read.fetchChunk()) {
    const rows = chunk.rowCount
    const columns: ValueColumns = Object.fromEntries(taken.map((column, index) => [column, chunk.getColumnValues(index).map(valueOf)]))
    try {
      if (sample === undefined) {
        sample = { rows: Math.min(rows, SAMPLE_ROWS), columns }
        await requireSameAnswers(input, sample, load(), load())
      }
      write({ ...columns, ...Object.fromEntries(preparer.prepare(rows, columns, input.batchMilliseconds)) }, rows)
    } catch (error) {
      await told(columns, error)
    }
  }
  // By the one that has seen all rows, and by one that has seen none.
  if (sample !== undefined) await requireSameAnswers(input, sample, preparer, load()).catch((error: unknown) => told(sample?.columns ?? {}, error))
}

function append(appender: DuckDBAppender, types: ReadonlyMap<string, DuckDBType>, columns: ValueColumns, rows: number): void {
  const chunk = DuckDBDataChunk.create([...types.values()], rows)
  for (const [index, column] of [...types.keys()].entries()) chunk.setColumnValues(index, columns[column] ?? [])
  appender.appendDataChunk(chunk)
}

/** What is no matter of the module. */
function besidesFeatures({ target, weight }: PrepareSetsInput): readonly string[] {
  return weight === undefined ? [target] : [target, weight]
}

/** What is written: the features of the model, then target and weight. */
function typesOf(input: PrepareSetsInput): ReadonlyMap<string, DuckDBType> {
  const typeOf = (type: StoredColumn['type'] | undefined): DuckDBType => (type === 'number' ? DOUBLE : type === 'boolean' ? BOOLEAN : VARCHAR)
  const { columns, outputs, features } = input
  return new Map([...features, ...besidesFeatures(input)].map((column) => [column, typeOf(outputs.find((output) => output.name === column)?.type ?? columns[column]?.type)]))
}

/** Parts hold doubles, booleans and text; nothing else is ever in a set. */
function valueOf(value: unknown): Value {
  return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean' ? value : null
}
