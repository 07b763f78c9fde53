import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Static } from 'typebox'
import { describeSets } from './describe-sets.js'
import { name, text } from './duckdb.js'
import { openHistory } from './history.js'
import { inspectRows } from './inspect-rows.js'
import type { CutSets, SplitInput } from './split-job.js'
import { assignSides, type Sided } from './split-rows.js'
import { columnWith } from './unit.js'

type Input = Static<typeof SplitInput>

/** Compressed; beyond this the rows go to a file instead of memory, where DuckDB does not compress them. */
const MOST_IN_MEMORY_BYTES = 32 * 1024 ** 2
/** What one column takes of a table's piece, and the share of the memory that pieces may take. */
const BYTES_A_PIECE = 32 * 1024
const MOST_IN_PIECES = 0.05

/** Cuts the sets into a folder that appears whole. @throws RefitError `sets-too-small` */
export async function cutSets(connection: DuckDBConnection, input: Input): Promise<Static<typeof CutSets>> {
  const temporary = `${input.outputFolder}.${process.pid}`
  const scratchFile = `${temporary}.duckdb`
  await mkdir(temporary, { recursive: true })
  try {
    await openHistory(connection, input.parts, input.columns, input.delivery)
    const sided = await assignSides(connection, { ...input, isFragmented: isFragmented(input) }, await tableFor(connection, input, scratchFile))
    const { profile, told } = await inspectRows(connection, sided.table, input)
    const sets = await describeSets(connection, input, sided, told)
    await writeSets(connection, input, sided, temporary)
    await mkdir(dirname(input.outputFolder), { recursive: true })
    await rename(temporary, input.outputFolder)
    return { ...sets, profile }
  } finally {
    // Open as it may be: what is unlinked goes when the process ends.
    await rm(scratchFile, { force: true })
    await rm(temporary, { recursive: true, force: true })
  }
}

/** Whether the pieces that a table has of each part, while it is made in their order, would take much of the memory. */
function isFragmented({ parts, columns, memoryBytes }: Input): boolean {
  return parts.length * Object.keys(columns).length * BYTES_A_PIECE > memoryBytes * MOST_IN_PIECES
}

/** Where the rows go: to memory, or to a file where they are many. */
async function tableFor(connection: DuckDBConnection, { parts }: Input, scratchFile: string): Promise<string> {
  const sizes = await Promise.all(parts.map(async ({ path }) => (await stat(path)).size))
  if (sizes.reduce((sum, size) => sum + size, 0) <= MOST_IN_MEMORY_BYTES) return 'memory.sided'
  await connection.run(`attach ${text(scratchFile)} as scratch`)
  return 'scratch.sided'
}

/** Writes the sets in the order of the history: DuckDB keeps that of a table, so nothing is sorted. */
async function writeSets(connection: DuckDBConnection, { columns, holdout }: Input, { table, unit }: Sided, folder: string): Promise<void> {
  const features = Object.entries(columns).flatMap(([column, { role }]) => (role === 'feature' ? [name(column)] : []))
  const besides = [columnWith(columns, 'target'), columnWith(columns, 'weight')].flatMap((column) => (column === undefined ? [] : [name(column)]))
  const forTraining = [...features, ...besides].join(', ')
  const all = Object.entries(columns).flatMap(([column, { role }]) => (role === 'ignored' ? [] : [name(column)]))
  const write = async (selection: string, side: string, ending: 'parquet' | 'csv'): Promise<void> => {
    await mkdir(join(folder, side), { recursive: true })
    const options = ending === 'csv' ? 'format csv, header' : 'format parquet'
    await connection.run(`copy (select ${selection} from ${table} where refit_side = ${text(side)}) to ${text(join(folder, side, `${side}.${ending}`))} (${options})`)
  }
  for (const side of ['train', 'validation']) {
    await write(forTraining, side, 'parquet')
    await write(forTraining, side, 'csv')
  }
  const forChecking = `${all.join(', ')}, ${unit} as refit_unit, refit_drop`
  await write(forChecking, 'test', 'parquet')
  if (holdout !== undefined) await write(forChecking, 'holdout', 'parquet')
  const first = `(select ${features.join(', ')} from ${table} where refit_side = 'train' order by refit_row limit 1)`
  await connection.run(`copy ${first} to ${text(join(folder, 'example.json'))} (format json)`)
}
