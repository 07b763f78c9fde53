import type { ColumnRole, ColumnType } from './stored-definition.js'

/**
 * A column as the project file defines it. `Type` and `Role` let the editor complete names of the right kind; `Missing`
 * says whether a value may be missing.
 */
export interface Column<Type extends ColumnType = ColumnType, Role extends ColumnRole = ColumnRole, Missing extends boolean = boolean> {
  readonly type: Type
  readonly role: Role
  readonly optional?: Missing
  readonly min?: number
  readonly max?: number
  readonly values?: readonly string[]
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly unique?: boolean
}

interface Optional<Missing extends boolean> {
  /** Whether a value may be missing; default false. */
  readonly optional?: Missing
}

interface Range<Missing extends boolean> extends Optional<Missing> {
  /** Smallest and largest allowed value, inclusive: a drop that breaks them is quarantined. */
  readonly min?: number
  readonly max?: number
}

interface Text {
  /** Smallest and largest allowed length, in characters. */
  readonly minLength?: number
  readonly maxLength?: number
  /** A regular expression (RE2) that every value must match as a whole. */
  readonly pattern?: string
}

interface Unique {
  /** Whether no two rows of a drop may have the same value; default false. */
  readonly unique?: boolean
}

interface Categories<Missing extends boolean> extends Optional<Missing>, Text, Unique {
  /** Allowed categories; default any. */
  readonly values?: readonly string[]
}

interface Target {
  /** Smallest and largest allowed value of a regression's target. */
  readonly min?: number
  readonly max?: number
  /** Allowed classes of a classification's target; default any. */
  readonly values?: readonly string[]
}

interface Weight {
  /** Largest allowed weight. */
  readonly max?: number
}

/** Columns of a model, by their role. */
export const column = {
  /** A feature that is a number. */
  number: <Missing extends boolean = false>(options: Range<Missing> = {}): Column<'number', 'feature', Missing> => ({ type: 'number', role: 'feature', ...options }),
  /** A feature that is one of a set of texts; codes such as `98029` stay text. */
  category: <Missing extends boolean = false>(options: Categories<Missing> = {}): Column<'category', 'feature', Missing> => ({ type: 'category', role: 'feature', ...options }),
  /** A feature that is true or false (also yes/no, 1/0). */
  boolean: <Missing extends boolean = false>(options: Optional<Missing> = {}): Column<'boolean', 'feature', Missing> => ({ type: 'boolean', role: 'feature', ...options }),
  /** What is predicted: a number for a regression, a class for a classification. */
  target: (options: Target = {}): Column<'number', 'target'> => ({ type: 'number', role: 'target', ...options }),
  /** When the row happened (a date, or ISO 8601; without a zone it is UTC). No feature. */
  time: (options: Unique = {}): Column<'time', 'time'> => ({ type: 'time', role: 'time', ...options }),
  /** How much a row counts in every metric, and for trainers that can weigh: a number of at least 0. No feature. */
  weight: (options: Weight = {}): Column<'number', 'weight'> => ({ type: 'number', role: 'weight', ...options }),
  /** Rows with the same value stay on the same side of every split. No feature. */
  group: (options: Text & Unique = {}): Column<'text', 'group'> => ({ type: 'text', role: 'group', ...options }),
  /** Identifies a row. No feature. */
  key: (options: Text & Unique = {}): Column<'text', 'key'> => ({ type: 'text', role: 'key', ...options }),
  /** Known, and of no use: it need not be there. */
  ignored: (): Column<'text', 'ignored'> => ({ type: 'text', role: 'ignored', optional: true }),
} as const

/** The columns of a model, by name, in the order of the file. */
export type Columns = Readonly<Record<string, Column>>

/** Names of columns whose values can be told apart as slices. */
export type SliceColumn<C extends Columns> = {
  [Name in keyof C & string]: C[Name] extends Column<'category' | 'boolean', 'feature'> ? Name : never
}[keyof C & string]

/** Why a column cannot have a name; undefined if it can. */
export function unfitName(name: string): string | undefined {
  // Databases tell no upper from lower case.
  if (name.toLowerCase().startsWith('refit_')) return 'names that begin with refit_ are taken'
  // JavaScript takes __proto__ for the prototype of a row, and PostgreSQL keeps no text with a zero byte.
  if (name === '__proto__' || name === '' || name.includes('\0')) return 'no column can have this name'
  return undefined
}
