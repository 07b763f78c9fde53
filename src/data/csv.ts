import type { DuckDBConnection } from '@duckdb/node-api'
import type { DropFormat } from './drop-format.js'
import { rowsOf, text } from './duckdb.js'
import { FileFault } from './file-fault.js'

const delimiters = [',', ';', '\t', '|']

/**
 * The table function that reads a CSV file, every value as text. Delimiter and columns are taken from its first line
 * and nothing is guessed from its rows: otherwise one broken row could change how all others are read.
 * @throws FileFault for a header that cannot name columns
 */
export async function readerOfCsv(connection: DuckDBConnection, path: string, compression: DropFormat['compression'], expected: readonly string[]): Promise<string> {
  const compressed = `compression = ${text(compression)}`
  const [first] = await rowsOf(connection, `select line from read_csv(${text(path)}, ${compressed}, auto_detect = false, header = false, columns = {'line': 'VARCHAR'}, delim = '\u0001', quote = '', escape = '') limit 1`)
  const line = first?.['line']
  if (typeof line !== 'string') throw new FileFault({ code: 'no-header', message: 'The first line is empty; it must name the columns.' })
  const { delimiter, names } = headerOf(line, expected)
  refuseUnclearNames(names)
  const columns = names.map((column) => `${text(column)}: 'VARCHAR'`).join(', ')
  return `read_csv(${text(path)}, ${compressed}, auto_detect = false, header = true, delim = ${text(delimiter)}, quote = '"', escape = '"', columns = {${columns}}, null_padding = false, ignore_errors = false, strict_mode = true)`
}

/** The delimiter that finds most of the expected columns, or else most columns. */
function headerOf(line: string, expected: readonly string[]): { readonly delimiter: string; readonly names: readonly string[] } {
  const found = delimiters.map((delimiter) => {
    const names = cellsOf(line, delimiter)
    return { delimiter, names, known: names.filter((name) => expected.includes(name)).length }
  })
  return found.reduce((best, each) => (each.known > best.known || (each.known === best.known && each.names.length > best.names.length) ? each : best))
}

/** The cells of a line, without their quotes and the blanks around them. */
function cellsOf(line: string, delimiter: string): readonly string[] {
  const cells: string[] = []
  let cell = ''
  let isQuoted = false
  for (let index = 0; index < line.length; index += 1) {
    const character = line.charAt(index)
    if (isQuoted && character === '"' && line.charAt(index + 1) === '"') {
      cell += '"'
      index += 1
    } else if (character === '"') {
      isQuoted = !isQuoted
    } else if (character === delimiter && !isQuoted) {
      cells.push(cell)
      cell = ''
    } else {
      cell += character
    }
  }
  return [...cells, cell].map((each) => each.trim())
}

function refuseUnclearNames(names: readonly string[]): void {
  const unnamed = names.indexOf('')
  if (unnamed >= 0) throw new FileFault({ code: 'unnamed-column', message: `Column ${unnamed + 1} of the header has no name.` })
  const repeated = repeatedName(names)
  if (repeated !== undefined) throw repeated
}

/** Says which column stands twice; DuckDB tells no upper from lower case. */
export function repeatedName(names: readonly string[]): FileFault | undefined {
  const seen = new Map<string, string>()
  for (const column of names) {
    const former = seen.get(column.toLowerCase())
    if (former === column) return new FileFault({ code: 'duplicate-column', column, message: `Column ${column} is there twice.` })
    if (former !== undefined) return new FileFault({ code: 'duplicate-column', column, message: `Columns ${former} and ${column} differ in upper and lower case only.` })
    seen.set(column.toLowerCase(), column)
  }
  return undefined
}
