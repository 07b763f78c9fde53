import type { Static } from 'typebox'
import { answerChildJob } from '../processes/child-job.js'
import { neededColumns } from './contract.js'
import { name, numberOf, openDuckDb, rowsOf, text } from './duckdb.js'
import { openHistory } from './history.js'
import { SampleInput, type SampledRow } from './sample-job.js'
import { readTimes, windowCondition } from './times.js'
import { columnWith } from './unit.js'

/** Longer texts are cut: a row is shown to someone. */
const LONGEST_TEXT = 500

answerChildJob(SampleInput, readSample)

async function readSample({ parts, columns, delivery, window, rows, seed, memoryBytes, spillFolder }: Static<typeof SampleInput>): Promise<readonly SampledRow[]> {
  const connection = await openDuckDb({ memoryBytes, spillFolder })
  await openHistory(connection, parts, columns, delivery)
  const time = columnWith(columns, 'time')
  const times = time === undefined || window.kind === 'all' ? undefined : await readTimes(connection, time)
  const seen = await windowCondition(connection, window, times)
  // First their numbers alone, so that no more than the rows asked for is read whole.
  const drawn = await rowsOf(connection, `select refit_row from history where ${seen} order by hash(refit_row, ${text(seed)}), refit_row limit ${rows}`)
  if (drawn.length === 0) return []
  const known = neededColumns(columns)
  const values = known.map(([column, { type }]) => {
    if (type === 'time') return `strftime(${name(column)}, '%Y-%m-%dT%H:%M:%SZ') as ${name(column)}`
    return type === 'number' || type === 'boolean' ? name(column) : `left(${name(column)}, ${LONGEST_TEXT}) as ${name(column)}`
  })
  const numbers = drawn.map((row) => numberOf(row['refit_row'])).join(', ')
  const found = await rowsOf(connection, `select refit_drop, ${values.join(', ')} from history where refit_row in (${numbers}) order by refit_row`)
  return found.map((row) => ({ drop: String(row['refit_drop']), values: Object.fromEntries(known.map(([column]) => [column, plain(row[column])])) }))
}

function plain(value: unknown): number | string | boolean | null {
  return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean' ? value : null
}
