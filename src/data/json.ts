import type { DuckDBConnection } from '@duckdb/node-api'
import type { RowSource } from './contract.js'
import { repeatedName } from './csv.js'
import type { DropFormat } from './drop-format.js'
import { name, numberOf, rowsOf, text, textsOf } from './duckdb.js'
import { FileFault } from './file-fault.js'

const MOST_COLUMNS = 10_000

/** Rows of JSON objects: every value as text, and every value as the JSON that it is. */
export interface JsonRows {
  readonly rows: RowSource
  readonly rowsRaw: RowSource
}

/**
 * The rows of JSON objects, one a line or in an array, every value as text: DuckDB's guesses would make dates and UUIDs of
 * keys, and write them differently. Which columns there are takes a pass of its own.
 * @throws FileFault for what is no list of objects
 */
export async function openJson(connection: DuckDBConnection, path: string, compression: DropFormat['compression']): Promise<JsonRows> {
  const objects = `read_json_objects(${text(path)}, format = 'auto', compression = ${text(compression === 'none' ? 'uncompressed' : compression)})`
  await connection.run(`create or replace temp table forms as select distinct json_type(json) as type, json_keys(json) as keys from ${objects}`)
  const strays = await rowsOf(connection, "select 1 from forms where type <> 'OBJECT' limit 1")
  if (strays.length > 0) await refuseStray(connection, objects)
  const columns = await columnsOf(connection)
  await connection.run('drop table forms')
  const pointers = columns.map((column) => text(`/${column.replaceAll('~', '~0').replaceAll('/', '~1')}`)).join(', ')
  const values = columns.map((column, index) => `v[${index + 1}] as ${name(column)}`).join(', ')
  // Read by several at once, objects do not come in their order; they do where each has to have its number.
  const rowsBy = (extract: string, type: string): RowSource => ({
    from: `(select ${values} from (select ${extract}(json, [${pointers}]) as v, row_number() over () as refit_row from ${objects}) where refit_row > 0)`,
    types: new Map(columns.map((column) => [column, type])),
  })
  return { rows: rowsBy('json_extract_string', 'VARCHAR'), rowsRaw: rowsBy('json_extract', 'JSON') }
}

async function refuseStray(connection: DuckDBConnection, objects: string): Promise<never> {
  const [stray] = await rowsOf(connection, `select row, type from (select row_number() over () as row, json_type(json) as type from ${objects}) where type <> 'OBJECT' limit 1`)
  const row = numberOf(stray?.['row'])
  throw new FileFault({ code: 'unreadable', message: `Row ${row} is no JSON object but ${/INT|DOUBLE/.test(String(stray?.['type'])) ? 'a number' : String(stray?.['type']).replace('VARCHAR', 'a text').toLowerCase()}.`, samples: [{ row, value: '' }] })
}

/** All keys of the table `forms`, in the order in which they stand in the objects. */
async function columnsOf(connection: DuckDBConnection): Promise<readonly string[]> {
  const [repeating] = await rowsOf(connection, 'select keys from forms where len(keys) > len(list_distinct(list_transform(keys, lambda key: lower(key)))) limit 1')
  const repeatedIn = repeatedName(textsOf(repeating?.['keys']))
  if (repeatedIn !== undefined) throw repeatedIn
  const found = await rowsOf(
    connection,
    `select key from (select unnest(keys) as key, generate_subscripts(keys, 1) as place from forms) group by key order by min(place), key limit ${MOST_COLUMNS + 1}`,
  )
  if (found.length === 0) throw new FileFault({ code: 'no-rows', message: 'The file has no rows.' })
  if (found.length > MOST_COLUMNS) throw new FileFault({ code: 'unreadable', message: `The objects have more than ${MOST_COLUMNS.toLocaleString('en-US')} different keys.` })
  const columns = found.map((row) => String(row['key']))
  const repeated = repeatedName(columns)
  if (repeated !== undefined) throw repeated
  if (columns.includes('')) throw new FileFault({ code: 'unnamed-column', message: 'The objects have a key without a name.' })
  return columns
}
