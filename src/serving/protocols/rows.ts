import { refitError } from '../../errors.js'
import type { Signature, SignatureColumn } from '../../packages/manifest.js'
import { requireCount } from '../ask.js'
import { MOST_FAULTS } from '../read-rows.js'

/** Reads one value for a column; what it cannot read it gives back, for the reading of the rows to refuse it. */
export type ReadValue = (value: unknown, column: SignatureColumn) => unknown

/** A JSON object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Rows that are lists of values, in the order of the model's inputs or of `names`; what is no list is left as it is.
 * @throws RefitError `rows-invalid` when a list is too short or too long, `request-invalid` for too many
 */
export function namedRows({ inputs }: Pick<Signature, 'inputs'>, rows: readonly unknown[], names: readonly string[] = inputs.map(({ name }) => name)): readonly unknown[] {
  requireCount(rows.length)
  const faults = rows.flatMap((row, index) => (Array.isArray(row) && row.length !== names.length ? [{ path: `rows[${index}]`, message: `has ${row.length} values, and not ${names.length}: ${shortList(names)}` }] : []))
  if (faults.length > 0) throw refitError('rows-invalid', { count: faults.length }, { faults: faults.slice(0, MOST_FAULTS) })
  return rows.map((row) => (Array.isArray(row) ? Object.fromEntries(names.map((name, index) => [name, row[index]])) : row))
}

const MOST_NAMES = 20

function shortList(names: readonly string[]): string {
  return names.length > MOST_NAMES ? `${names.slice(0, MOST_NAMES).join(', ')}, …` : names.join(', ')
}

/**
 * Rows of columns: one list a name, all of the same length, or one value a name.
 * @throws RefitError `input-invalid`, `request-invalid`
 */
export function rowsOfColumns(columns: Readonly<Record<string, unknown>>): readonly unknown[] {
  const entries = Object.entries(columns)
  if (entries.every(([, values]) => !Array.isArray(values))) return [columns]
  const lists = entries.map(([name, values]): readonly [string, readonly unknown[]] => {
    if (!Array.isArray(values)) throw refitError('input-invalid', { reason: `"${name.slice(0, LONGEST_NAME)}" is no list, and others are` })
    return [name, values]
  })
  const rows = lists[0]?.[1].length ?? 0
  requireCount(rows)
  for (const [name, { length }] of lists) if (length !== rows) throw refitError('input-invalid', { reason: `"${name.slice(0, LONGEST_NAME)}" has ${length} values, and the first has ${rows}` })
  return Array.from({ length: rows }, (_, row) => Object.fromEntries(lists.map(([name, values]) => [name, only(values[row])])))
}

/** The value in a list of one: columns of matrices with one column. */
function only(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? value[0] : value
}

const LONGEST_NAME = 100

/** Rows with every value of an input read for its column. */
export function withValues({ inputs }: Pick<Signature, 'inputs'>, rows: readonly unknown[], read: ReadValue): readonly unknown[] {
  const columns = new Map(inputs.map((column) => [column.name, column]))
  return rows.map((row) => {
    if (!isRecord(row)) return row
    return Object.fromEntries(
      Object.entries(row).map(([name, value]) => {
        const column = columns.get(name)
        return [name, column === undefined ? value : read(value, column)]
      }),
    )
  })
}

/** Rows without what is no input. */
export function onlyInputs({ inputs }: Pick<Signature, 'inputs'>, rows: readonly unknown[]): readonly unknown[] {
  const known = new Set(inputs.map(({ name }) => name))
  return rows.map((row) => (isRecord(row) ? Object.fromEntries(Object.entries(row).filter(([name]) => known.has(name))) : row))
}

const NUMBER = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i
const booleans: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
])

/** A value of a text format such as CSV, which knows no types: empty is missing. */
export function fromText(value: unknown, { type }: SignatureColumn): unknown {
  if (typeof value !== 'string') return value
  if (value === '') return null
  switch (type) {
    case 'number':
      return NUMBER.test(value) ? Number(value) : value.trim().toLowerCase() === 'nan' ? null : value
    case 'boolean':
      return booleans.get(value.trim().toLowerCase()) ?? value
    case 'category':
      return value
  }
}

/** A value of JSON whose writer may have had another type for the same: `98029` is the category `98029`, `"3"` the number 3, and 1 is true. Nothing is lost by it. */
export function fromLooseJson(value: unknown, column: SignatureColumn): unknown {
  switch (column.type) {
    case 'number':
      return typeof value === 'string' && NUMBER.test(value) ? Number(value) : value
    case 'category':
      return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value
    case 'boolean':
      return value === 1 || value === 0 ? value === 1 : value
  }
}

/** @throws RefitError `input-invalid`: of two columns with one name either could be meant */
export function distinct(names: readonly string[]): readonly string[] {
  const seen = new Set<string>()
  const twice = names.find((name) => seen.size === seen.add(name).size)
  if (twice !== undefined) throw refitError('input-invalid', { reason: `The column ${JSON.stringify(twice.slice(0, LONGEST_NAME))} is there twice.` })
  return names
}
