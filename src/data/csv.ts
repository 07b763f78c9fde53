import type { DuckDBConnection } from '@duckdb/node-api'
import type { StoredFormat } from '../define/stored-definition.js'
import type { DropFormat } from './drop-format.js'
import { rowsOf, text } from './duckdb.js'
import { endlessLine } from './endless-line.js'
import { FileFault } from './file-fault.js'

const delimiters = [',', ';', '\t', '|']
const quotes = ['"', "'"]
/** A column's name may have line breaks, but not a whole page of them. */
const MOST_HEADER_LINES = 50

/** A CSV file that can be read, its columns under types that the reader is told; text for those it is told none. */
export interface CsvReader {
  readonly names: readonly string[]
  /** The table function. With types it ends with an error at the first value that does not fit. */
  from(types: ReadonlyMap<string, string>): string
}

/** What is known of a CSV file before it is looked at. */
export interface CsvFile {
  readonly path: string
  readonly compression: DropFormat['compression']
  /** Columns that are expected: they tell the delimiter, and are those of a file without header. */
  readonly expected: readonly string[]
  readonly declared: Pick<StoredFormat, 'delimiter' | 'quote' | 'header' | 'columns'>
}

/** Delimiter, quote and columns of a file. */
interface Dialect {
  readonly delimiter: string
  readonly quote: string
  readonly names: readonly string[]
}

/**
 * How to read a CSV file. Delimiter, quote and columns are declared or taken from its header, and nothing is guessed from
 * its rows: otherwise one broken row could change how all others are read. For the same reason a file that has no header
 * must be declared: two columns of numbers would be taken for each other in silence.
 * @throws FileFault for a header that cannot name columns
 */
export async function openCsv(connection: DuckDBConnection, file: CsvFile): Promise<CsvReader> {
  const { path, declared, expected } = file
  const endless = file.compression === 'none' ? await endlessLine(path) : undefined
  if (endless !== undefined) throw new FileFault({ code: 'too-long-line', message: `There is no end of a line for 8 MB from byte ${endless.toLocaleString('en-US')} on; a row can have 2 MB.` })
  // What is compressed cannot be looked through so, but is not left out where it is read one piece after the other.
  const compressed = `compression = ${text(file.compression)}, parallel = ${file.compression === 'none'}`
  const lines = await rowsOf(connection, `select line from read_csv(${text(path)}, ${compressed}, auto_detect = false, header = false, columns = {'line': 'VARCHAR'}, delim = '\u0001', quote = '', escape = '', strict_mode = false) limit ${MOST_HEADER_LINES}`)
  const { delimiter, quote, names } = declared.header === false ? headless(lines.map((row) => row['line']), declared, expected) : dialectOf(lines.map((row) => row['line']), declared, expected)
  return {
    names,
    from: (types) => {
      const columns = names.map((column) => `${text(column)}: ${text(types.get(column) ?? 'VARCHAR')}`).join(', ')
      return `read_csv(${text(path)}, ${compressed}, auto_detect = false, header = ${declared.header !== false}, delim = ${text(delimiter)}, quote = ${text(quote)}, escape = ${text(quote)}, columns = {${columns}}, null_padding = false, ignore_errors = false, strict_mode = true)`
    },
  }
}

/** The dialect that finds most of the expected columns in the header, or else most columns. */
function dialectOf(lines: readonly unknown[], declared: CsvFile['declared'], expected: readonly string[]): Dialect {
  const candidates = dialects(declared).flatMap(({ delimiter, quote }) => {
    const line = headerLine(lines, quote)
    if (line === undefined) return []
    const names = cellsOf(line, delimiter, quote)
    return [{ delimiter, quote, names, known: names.filter((name) => expected.includes(name)).length }]
  })
  const [first, ...others] = candidates
  if (first === undefined) throw new FileFault({ code: 'no-header', message: 'The first line is empty; it must name the columns.' })
  const best = others.reduce((former, each) => (each.known > former.known || (each.known === former.known && each.quote === former.quote && each.names.length > former.names.length) ? each : former), first)
  refuseUnclearNames(best.names)
  return best
}

/** The dialect that gives the first row as many values as there are columns. */
function headless([line]: readonly unknown[], declared: CsvFile['declared'], expected: readonly string[]): Dialect {
  const names = declared.columns ?? expected
  const fits = dialects(declared).find(({ delimiter, quote }) => typeof line === 'string' && cellsOf(line, delimiter, quote).length === names.length)
  return { ...(fits ?? { delimiter: declared.delimiter ?? ',', quote: declared.quote ?? '"' }), names }
}

function dialects({ delimiter, quote }: CsvFile['declared']): readonly Pick<Dialect, 'delimiter' | 'quote'>[] {
  const possible = delimiter === undefined ? delimiters : [delimiter]
  return (quote === undefined ? quotes : [quote]).flatMap((each) => possible.map((one) => ({ delimiter: one, quote: each })))
}

/** The first line, and those after it that a quoted name with line breaks goes on in. */
function headerLine(lines: readonly unknown[], quote: string): string | undefined {
  const [first, ...others] = lines
  if (typeof first !== 'string') return undefined
  const isOpen = (header: string): boolean => quote !== '' && header.split(quote).length % 2 === 0
  let header = first
  for (const next of others) {
    if (!isOpen(header)) return header
    header += `\n${typeof next === 'string' ? next : ''}`
  }
  // A quote that is never closed is told by the reading itself.
  return isOpen(header) ? first : header
}

/** The cells of a line, without their quotes and the blanks around them. */
function cellsOf(line: string, delimiter: string, quote: string): readonly string[] {
  const cells: string[] = []
  let cell = ''
  let isQuoted = false
  for (let index = 0; index < line.length; index += 1) {
    const character = line.charAt(index)
    if (isQuoted && character === quote && line.charAt(index + 1) === quote) {
      cell += quote
      index += 1
    } else if (character === quote) {
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
