import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Static } from 'typebox'
import { describeSets } from './describe-sets.js'
import { name, text } from './duckdb.js'
import { openHistory } from './history.js'
import { inspectRows } from './inspect-rows.js'
import type { CutSets, SplitInput } from './split-job.js'
import { assignSides, type Side, type Sided, type SplitRules } from './split-rows.js'
import { columnWith } from './unit.js'

type Input = Static<typeof SplitInput>
type Cut = Pick<Input, 'parts' | 'columns' | 'delivery' | 'window' | 'split' | 'holdout' | 'memoryBytes' | 'outputFolder'> & Pick<SplitRules, 'isWhole'>

/** Compressed; beyond this the rows go to a file instead of memory, where DuckDB does not compress them. */
const MOST_IN_MEMORY_BYTES = 32 * 1024 ** 2
/** What one column takes of a table's piece, and the share of the memory that pieces may take. */
const BYTES_A_PIECE = 32 * 1024
const MOST_IN_PIECES = 0.05

/** Cuts the sets into a folder that appears whole. @throws RefitError `sets-too-small` */
export async function cutSets(connection: DuckDBConnection, input: Input): Promise<Static<typeof CutSets>> {
  return cutInto(connection, input, async (sided, folder) => {
    const { profile, told } = await inspectRows(connection, sided.table, input)
    const sets = await describeSets(connection, input, sided, told)
    await writeSets(connection, input, sided, folder)
    return { ...sets, profile }
  })
}

/** The rows of the history on their sides, from which `write` fills a folder that appears whole. */
export async function cutInto<T>(connection: DuckDBConnection, input: Cut, write: (sided: Sided, folder: string) => Promise<T>): Promise<T> {
  const temporary = `${input.outputFolder}.${process.pid}`
  const scratchFile = `${temporary}.duckdb`
  await mkdir(temporary, { recursive: true })
  try {
    await openHistory(connection, input.parts, input.columns, input.delivery)
    const sided = await assignSides(connection, { ...input, isFragmented: isFragmented(input) }, await tableFor(connection, input, scratchFile))
    const written = await write(sided, temporary)
    await mkdir(dirname(input.outputFolder), { recursive: true })
    await rename(temporary, input.outputFolder)
    return written
  } finally {
    // Open as it may be: what is unlinked goes when the process ends.
    await rm(scratchFile, { force: true })
    await rm(temporary, { recursive: true, force: true })
  }
}

/** Whether the pieces that a table has of each part, while it is made in their order, would take much of the memory. */
function isFragmented({ parts, columns, memoryBytes }: Cut): boolean {
  return parts.length * Object.keys(columns).length * BYTES_A_PIECE > memoryBytes * MOST_IN_PIECES
}

/** Where the rows go: to memory, or to a file where they are many. */
async function tableFor(connection: DuckDBConnection, { parts }: Cut, scratchFile: string): Promise<string> {
  const sizes = await Promise.all(parts.map(async ({ path }) => (await stat(path)).size))
  if (sizes.reduce((sum, size) => sum + size, 0) <= MOST_IN_MEMORY_BYTES) return 'memory.sided'
  await connection.run(`attach ${text(scratchFile)} as scratch`)
  return 'scratch.sided'
}

/** Writes the sets in the order of the history: DuckDB keeps that of a table, so nothing is sorted. */
async function writeSets(connection: DuckDBConnection, { columns, holdout }: Input, { table, unit }: Sided, folder: string): Promise<void> {
  await writeTrainingSets(connection, columns, table, folder)
  const all = Object.entries(columns).flatMap(([column, { role }]) => (role === 'ignored' ? [] : [name(column)]))
  const forChecking = `${all.join(', ')}, ${unit} as refit_unit, refit_drop`
  await writeSet(connection, { selection: forChecking, table, side: 'test', ending: 'parquet' }, folder)
  if (holdout !== undefined) await writeSet(connection, { selection: forChecking, table, side: 'holdout', ending: 'parquet' }, folder)
}

/** Writes what a trainer gets, and the first row of it. */
export async function writeTrainingSets(connection: DuckDBConnection, columns: Input['columns'], table: string, folder: string): Promise<void> {
  const features = Object.entries(columns).flatMap(([column, { role }]) => (role === 'feature' ? [name(column)] : []))
  const besides = [columnWith(columns, 'target'), columnWith(columns, 'weight')].flatMap((column) => (column === undefined ? [] : [name(column)]))
  const selection = [...features, ...besides].join(', ')
  for (const side of ['train', 'validation'] as const) {
    await writeSet(connection, { selection, table, side, ending: 'parquet' }, folder)
    await writeSet(connection, { selection, table, side, ending: 'csv' }, folder)
  }
  const first = `(select ${features.join(', ')} from ${table} where refit_side = 'train' order by refit_row limit 1)`
  await connection.run(`copy ${first} to ${text(join(folder, 'example.json'))} (format json)`)
}

interface WrittenSet {
  readonly selection: string
  readonly table: string
  readonly side: Side
  readonly ending: 'parquet' | 'csv'
}

async function writeSet(connection: DuckDBConnection, { selection, table, side, ending }: WrittenSet, folder: string): Promise<void> {
  await mkdir(join(folder, side), { recursive: true })
  const options = ending === 'csv' ? 'format csv, header' : 'format parquet'
  await connection.run(`copy (select ${selection} from ${table} where refit_side = ${text(side)}) to ${text(join(folder, side, `${side}.${ending}`))} (${options})`)
}
