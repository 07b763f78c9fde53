import { name, openDuckDb, rowsOf, text, type Row } from '../data/duckdb.js'
import { answerChildJob } from '../processes/child-job.js'
import { ReadInput, type LoggedRow, type ReadRows } from './read-job.js'

/** Columns of ours; whatever else a file has is a feature. */
const OURS = /^refit_/
/** A row may be a megabyte long: so many are held at once, and so much is given, characters. */
const ROWS_A_SLICE = 100
const LARGEST_ANSWER = 16_000_000

answerChildJob(ReadInput, read)

async function read({ files, rows: most, prediction, memoryBytes, spillFolder }: ReadInput): Promise<ReadRows> {
  const connection = await openDuckDb({ memoryBytes, spillFolder })
  const rows: LoggedRow[] = []
  let given = 0
  for (const [index, { path, below }] of files.entries()) {
    const from = `read_parquet(${text(path)})`
    const columns = (await rowsOf(connection, `describe select * from ${from}`)).map((row) => String(row['column_name']))
    const features = columns.filter((column) => !OURS.test(column))
    const values = features.map((column, at) => `${name(column)} as v${at}`)
    const selected = `select refit_prediction_id as id, refit_row as "row", strftime(refit_at, '%Y-%m-%dT%H:%M:%S.%gZ') as "at", refit_version as version, refit_side as side, refit_key as "key", refit_prediction as y,
      ${columns.includes('refit_probabilities') ? 'refit_probabilities' : 'null'} as p${values.map((value) => `, ${value}`).join('')} from ${from}`
    if (prediction !== undefined) {
      const found = await rowsOf(connection, `${selected} where refit_prediction_id = ${text(prediction)} order by "row" limit ${most - rows.length}`)
      for (const row of found) if ((given += sizeOf(row)) <= LARGEST_ANSWER) rows.push(rowFrom(row, features))
      continue
    }
    for (let end = below; end > 0; ) {
      if (rows.length === most) return { rows, left: { index, below: end } }
      const slice = Math.min(end, ROWS_A_SLICE, most - rows.length)
      // Files are read in the order in which they were written.
      const found = await rowsOf(connection, `${selected} limit ${slice} offset ${end - slice}`)
      for (const row of found.toReversed()) {
        given += sizeOf(row)
        if (given > LARGEST_ANSWER && rows.length > 0) return { rows, left: { index, below: end } }
        rows.push(rowFrom(row, features))
        end -= 1
      }
    }
  }
  return { rows }
}

/** What a row takes up in the answer, characters, roughly. */
function sizeOf(row: Row): number {
  return Object.values(row).reduce((sum: number, value) => sum + (typeof value === 'string' ? value.length : typeof value === 'object' && value !== null && 'items' in value && Array.isArray(value.items) ? value.items.length * 20 : 20), 0)
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
