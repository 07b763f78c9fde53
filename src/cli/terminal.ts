import { stripVTControlCharacters } from 'node:util'
import pico from 'picocolors'

type Colours = ReturnType<typeof pico.createColors>

/** Where a command writes. Results go to standard output, remarks and progress that is not asked for to standard error. */
export interface Terminal {
  /** Results as JSON: one document, or one a line for what goes on. */
  readonly json: boolean
  /** Someone watches: lines may be rewritten. */
  readonly interactive: boolean
  /** Someone may be asked. */
  readonly canAsk: boolean
  /** Columns; unbounded when nobody watches. */
  readonly width: number
  readonly paint: Colours
  readonly line: (text?: string) => void
  /** Writes without a line end. */
  readonly write: (text: string) => void
  /** One JSON document, pretty on a terminal. */
  readonly document: (value: unknown) => void
  /** One line of JSON. */
  readonly record: (value: unknown) => void
  readonly note: (text: string) => void
}

export interface TerminalOptions {
  readonly json: boolean
  readonly colour: boolean
}

/** The terminal of this process. */
export function openTerminal({ json, colour }: TerminalOptions): Terminal {
  const { stdout, stderr, stdin } = process
  const watched = stdout.isTTY
  const interactive = watched && !json && process.env['CI'] === undefined && process.env['TERM'] !== 'dumb'
  return {
    json,
    interactive,
    canAsk: interactive && stdin.isTTY,
    width: watched ? Math.max(stdout.columns, 40) : Number.POSITIVE_INFINITY,
    paint: pico.createColors(colour && pico.isColorSupported && !json),
    line: (text = '') => void stdout.write(`${text}\n`),
    write: (text) => void stdout.write(text),
    document: (value) => void stdout.write(`${JSON.stringify(value, undefined, 2)}\n`),
    record: (value) => void stdout.write(`${JSON.stringify(value)}\n`),
    note: (text) => void stderr.write(`${text}\n`),
  }
}

/** Columns that a text takes, colours not counted. */
export function widthOf(text: string): number {
  return characters(stripVTControlCharacters(text)).length
}

/** Breaks a text into lines of at most `width` columns at its spaces. */
export function wrap(text: string, width: number): readonly string[] {
  if (widthOf(text) <= width) return [text]
  const lines: string[] = []
  let line = ''
  // A figure stays with its sign.
  for (const word of text.replaceAll(/(\d) %/g, '$1\u00a0%').split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line].map((text) => text.replaceAll('\u00a0', ' '))
}

/** Cuts a plain text to `width` columns, with an ellipsis. */
export function cut(text: string, width: number): string {
  const seen = characters(text)
  return seen.length <= width ? text : `${seen.slice(0, Math.max(width - 1, 0)).join('')}…`
}

const segmenter = new Intl.Segmenter()

function characters(text: string): readonly string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment)
}

const LEAST_CELL = 10

/** Lines of a table under its head. Empty columns are left out, the last ones too where they have no room; then the last is cut. */
export function table(terminal: Pick<Terminal, 'width' | 'paint'>, head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => widthOf(row[column] ?? ''))))
  const kept = fitting(
    head.flatMap((_, column) => (rows.some((row) => (row[column] ?? '') !== '') ? [{ column, width: widths[column] ?? 0 }] : [])),
    terminal.width,
  )
  const render = (row: readonly string[]): string => {
    let line = ''
    let taken = 0
    for (const [place, { column, width }] of kept.entries()) {
      const cell = row[column] ?? ''
      const room = terminal.width - taken
      const shown = widthOf(cell) > room ? cut(stripVTControlCharacters(cell), room) : cell
      line += place === kept.length - 1 ? shown : `${shown}${' '.repeat(Math.max(width - widthOf(shown), 0))}  `
      taken += width + 2
    }
    return line.trimEnd()
  }
  return [terminal.paint.dim(render(head)), ...rows.map(render)]
}

interface Column {
  readonly column: number
  readonly width: number
}

function fitting(columns: readonly Column[], width: number): readonly Column[] {
  const last = columns.at(-1)
  const before = columns.slice(0, -1).reduce((sum, column) => sum + column.width + 2, 0)
  if (last === undefined || columns.length <= 2 || before + Math.min(last.width, LEAST_CELL) <= width) return columns
  return fitting(columns.slice(0, -1), width)
}
