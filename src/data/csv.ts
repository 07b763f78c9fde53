import type { DuckDBConnection } from '@duckdb/node-api'
import type { DropFormat } from './drop-format.js'
import { rowsOf, text } from './duckdb.js'
import { FileFault } from './file-fault.js'

const delimiters = [',', ';', '\t', '|']
/** A column's name may have line breaks, but not a whole page of them. */
const MOST_HEADER_LINES = 50

/** A CSV file that can be read, its columns under types that the reader is told; text for those it is told none. */
export interface CsvReader {
  readonly names: readonly string[]
  /** The table function. With types it ends with an error at the first value that does not fit. */
  from(types: ReadonlyMap<string, string>): string
}

/**
 * How to read a CSV file. Delimiter and columns are taken from its header
 * and nothing is guessed from its rows: otherwise one broken row could change how all others are read.
 * @throws FileFault for a header that cannot name columns
 */
export async function readerOfCsv(connection: DuckDBConnection, path: string, compression: DropFormat['compression'], expected: readonly string[]): Promise<CsvReader> {
  const compressed = `compression = ${text(compression)}`
  const lines = await rowsOf(connection, `select line from read_csv(${text(path)}, ${compressed}, auto_detect = false, header = false, columns = {'line': 'VARCHAR'}, delim = '\u0001', quote = '', escape = '') limit ${MOST_HEADER_LINES}`)
  const line = headerLine(lines.map((row) => row['line']))
  if (line === undefined) throw new FileFault({ code: 'no-header', message: 'The first line is empty; it must name the columns.' })
  const { delimiter, names } = headerOf(line, expected)
  refuseUnclearNames(names)
  return {
    names,
    from: (types) => {
      const columns = names.map((column) => `${text(column)}: ${text(types.get(column) ?? 'VARCHAR')}`).join(', ')
      return `read_csv(${text(path)}, ${compressed}, auto_detect = false, header = true, delim = ${text(delimiter)}, quote = '"', escape = '"', columns = {${columns}}, null_padding = false, ignore_errors = false, strict_mode = true)`
    },
  }
}

/** The first line, and those after it that a quoted name with line breaks goes on in. */
function headerLine(lines: readonly unknown[]): string | undefined {
  const [first, ...others] = lines
  if (typeof first !== 'string') return undefined
  const isOpen = (header: string): boolean => header.split('"').length % 2 === 0
  let header = first
  for (const next of others) {
    if (!isOpen(header)) return header
    header += `\n${typeof next === 'string' ? next : ''}`
  }
  // A quote that is never closed is told by the reading itself.
  return isOpen(header) ? first : header
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
