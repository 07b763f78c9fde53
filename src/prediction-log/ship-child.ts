import { readFile } from 'node:fs/promises'
import { name, numberOf, openDuckDb, rowOf, text } from '../data/duckdb.js'
import { answerChildJob } from '../processes/child-job.js'
import { ShipInput, type Shipped } from './ship-job.js'

const types = { number: 'DOUBLE', category: 'VARCHAR', boolean: 'BOOLEAN' } as const

answerChildJob(ShipInput, ship)

/** A line that is cut off, the last of a process that was killed, is left out, as is the first line, which has no id. */
async function ship({ head, files, output, memoryBytes, spillFolder }: ShipInput): Promise<Shipped> {
  const connection = await openDuckDb({ memoryBytes, spillFolder })
  const { columns, task } = head
  const prediction = task === 'regression' ? 'DOUBLE' : 'VARCHAR'
  const lines = { id: 'VARCHAR', row: 'INTEGER', at: 'VARCHAR', generation: 'BIGINT', side: 'VARCHAR', key: 'VARCHAR', ...Object.fromEntries(columns.map(({ type }, index) => [`c${index}`, types[type]])), y: prediction, p: 'DOUBLE[]' }
  const spelt = Object.entries(lines).map(([column, type]) => `${text(column)}: ${text(type)}`)
  await connection.run(
    `create temp table logged as select * from read_json([${files.map(text).join(', ')}], format = 'newline_delimited', ignore_errors = true, columns = {${spelt.join(', ')}})
      where id is not null and y is not null`,
  )
  const found = await rowOf(connection, 'select count(*) as rows, min("at") as first_at, max("at") as last_at from logged')
  const rows = numberOf(found['rows'])
  // Of the lines one in each file is its head.
  const unread = (await lineEnds(files)) - files.length - rows
  if (rows === 0) return { rows, unread }
  const selected = [
    'id as refit_prediction_id',
    '"row" as refit_row',
    'cast("at" as timestamp) as refit_at',
    `${head.version}::integer as refit_version`,
    'generation as refit_generation',
    'side as refit_side',
    '"key" as refit_key',
    ...columns.map((column, index) => `c${index} as ${name(column.name)}`),
    'y as refit_prediction',
    ...(task === 'regression' ? [] : ['p as refit_probabilities']),
  ]
  await connection.run(`copy (select ${selected.join(', ')} from logged order by "at", id, "row") to ${text(output)} (format parquet, compression zstd)`)
  return { rows, unread, firstAt: String(found['first_at']), lastAt: String(found['last_at']) }
}

async function lineEnds(files: readonly string[]): Promise<number> {
  let ends = 0
  for (const file of files) {
    const content = await readFile(file)
    for (let at = content.indexOf('\n'); at !== -1; at = content.indexOf('\n', at + 1)) ends += 1
  }
  return ends
}
