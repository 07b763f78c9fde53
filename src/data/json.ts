import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import { repeatedName } from './csv.js'
import type { DropFormat } from './drop-format.js'
import { name, numberOf, rowsOf, text } from './duckdb.js'
import { FileFault } from './file-fault.js'

/**
 * The table function that reads JSON objects, one a line or in an array, every value as text: DuckDB's guesses would
 * make dates and UUIDs of keys, and write them differently.
 * @throws FileFault for what is no list of objects
 */
export async function readerOfJson(connection: DuckDBConnection, path: string, compression: DropFormat['compression']): Promise<string> {
  const objects = `read_json_objects(${text(path)}, format = 'auto', compression = ${text(compression === 'none' ? 'uncompressed' : compression)})`
  const [stray] = await rowsOf(
    connection,
    `select row, type from (select row_number() over () as row, json_type(json) as type from ${objects}) where type <> 'OBJECT' order by row limit 1`,
  )
  if (stray !== undefined) {
    const row = numberOf(stray['row'])
    throw new FileFault({ code: 'unreadable', message: `Row ${row} is no JSON object but ${String(stray['type']).toLowerCase()}.`, samples: [{ row, value: '' }] })
  }
  const lists = (await rowsOf(connection, `select distinct json_keys(json) as keys from ${objects}`)).map((row) => textsOf(row['keys']))
  for (const keys of lists) {
    const repeated = repeatedName(keys)
    if (repeated !== undefined) throw repeated
  }
  const columns = [...new Set(lists.flat())]
  const repeated = repeatedName(columns)
  if (repeated !== undefined) throw repeated
  if (columns.length === 0) throw new FileFault({ code: 'no-rows', message: 'The file has no rows.' })
  const pointers = columns.map((column) => text(`/${column.replaceAll('~', '~0').replaceAll('/', '~1')}`)).join(', ')
  const values = columns.map((column, index) => `v[${index + 1}] as ${name(column)}`).join(', ')
  // Read by several at once, objects do not come in their order; they do where each has to have its number.
  return `(select ${values} from (select json_extract_string(json, [${pointers}]) as v, row_number() over () as refit_row from ${objects}) where refit_row > 0)`
}

function textsOf(list: DuckDBValue | undefined): readonly string[] {
  return typeof list === 'object' && list !== null && 'items' in list && Array.isArray(list.items) ? list.items.map(String) : []
}
