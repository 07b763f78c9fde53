import { name, openDuckDb, rowsOf, text, type Row } from '../data/duckdb.js'
import { answerChildJob } from '../processes/child-job.js'
import { ReadInput, type LoggedRow } from './read-job.js'

/** Columns of ours; whatever else a file has is a feature. */
const OURS = /^refit_|^file_row_number$/i

answerChildJob(ReadInput, read)

async function read({ path, below, rows, memoryBytes, spillFolder }: ReadInput): Promise<readonly LoggedRow[]> {
  const connection = await openDuckDb({ memoryBytes, spillFolder })
  const from = `read_parquet(${text(path)}, file_row_number = true)`
  const columns = (await rowsOf(connection, `describe select * from ${from}`)).map((row) => String(row['column_name']))
  const features = columns.filter((column) => !OURS.test(column))
  const values = features.map((column, index) => `${name(column)} as v${index}`)
  const found = await rowsOf(
    connection,
    `select refit_prediction_id as id, refit_row as "row", strftime(refit_at, '%Y-%m-%dT%H:%M:%S.%gZ') as "at", refit_version as version, refit_side as side, refit_key as "key", refit_prediction as y,
      ${columns.includes('refit_probabilities') ? 'refit_probabilities' : 'null'} as p${values.map((value) => `, ${value}`).join('')}
      from ${from} where file_row_number < ${below} order by file_row_number desc limit ${rows}`,
  )
  return found.map((row) => rowFrom(row, features))
}

function rowFrom(row: Row, features: readonly string[]): LoggedRow {
  const { key, y, p } = row
  return {
    prediction: String(row['id']),
    row: Number(row['row']),
    at: String(row['at']),
    version: Number(row['version']),
    side: row['side'] === 'challenger' ? 'challenger' : 'champion',
    ...(typeof key === 'string' ? { key } : {}),
    values: Object.fromEntries(features.map((feature, index) => [feature, plain(row[`v${index}`])])),
    predicted: typeof y === 'number' ? y : String(y),
    ...(typeof p === 'object' && p !== null && 'items' in p && Array.isArray(p.items) ? { probabilities: p.items.map(Number) } : {}),
  }
}

function plain(value: unknown): number | string | boolean | null {
  return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean' ? value : null
}
