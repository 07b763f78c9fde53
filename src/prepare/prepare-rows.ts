import type { PreparedColumn } from '../packages/manifest.js'
import { isTimeout, messageOf, shown } from './foreign-value.js'
import { createRealm, type Realm } from './realm.js'

/** A value of a feature; null where it is missing. */
export type Value = number | string | boolean | null

/** Rows as columns: every array has as many elements as there are rows. */
export type ValueColumns = Readonly<Record<string, readonly Value[]>>

/** What a module needs to be called: the columns that it is given, and those that it has to give. */
export interface PrepareSignature {
  readonly inputs: readonly string[]
  readonly outputs: readonly PreparedColumn[]
}

/** A row that a module did not prepare as it should, and why. */
export class RowNotPrepared extends Error {
  constructor(
    /** Within the rows that were given, from 0. */
    readonly row: number,
    readonly reason: string,
  ) {
    super(reason)
  }
}

/** A loaded `prepare` module. */
export interface Preparer {
  /**
   * Prepares rows one by one; gives its outputs by name. With `milliseconds` the rows together take no longer than that.
   * @throws RowNotPrepared
   */
  prepare(rows: number, columns: ValueColumns, milliseconds?: number): ReadonlyMap<string, readonly Value[]>
}

/** Loads the bundle of a `prepare` module. @throws Error that says why it is none */
export function loadPreparer(code: string, file: string, signature: PrepareSignature): Preparer {
  const realm = createRealm('prepared')
  const prepareRow = functionOf(realm, code, file)
  return {
    prepare: (rows, columns, milliseconds) => {
      const prepared = new Map<string, Value[]>(signature.outputs.map(({ name }) => [name, []]))
      const sources = signature.inputs.map((name) => ({ name, values: columns[name] ?? [] }))
      let row = 0
      const work = (): void => {
        for (; row < rows; row += 1) prepareOne(prepareRow, sources, signature.outputs, row, prepared)
      }
      try {
        if (milliseconds === undefined) work()
        else realm.within(milliseconds, work)
      } catch (error) {
        if (error instanceof RowNotPrepared || !isTimeout(error)) throw error
        throw new RowNotPrepared(row, `it takes longer than ${milliseconds} milliseconds`)
      }
      return prepared
    },
  }
}

type PrepareRow = (row: Readonly<Record<string, Value>>) => unknown

function functionOf(realm: Realm, code: string, file: string): PrepareRow {
  let exported: unknown
  try {
    exported = Reflect.get(realm.load(code, file), 'default')
  } catch (error) {
    throw new Error(`it throws when it is loaded: ${messageOf(error)}`, { cause: error })
  }
  if (typeof exported !== 'function') throw new Error('it has no function as its default export')
  return (row) => {
    const result: unknown = Reflect.apply(exported, undefined, [row])
    return result
  }
}

interface Source {
  readonly name: string
  readonly values: readonly Value[]
}

function prepareOne(prepareRow: PrepareRow, sources: readonly Source[], outputs: readonly PreparedColumn[], row: number, prepared: ReadonlyMap<string, Value[]>): void {
  const given: Record<string, Value> = {}
  for (const { name, values } of sources) given[name] = values[row] ?? null
  try {
    const made = objectOf(prepareRow(given), row)
    for (const column of outputs) prepared.get(column.name)?.push(valueOf(column, ownOf(made, column.name), row))
    for (const name of Object.keys(made)) if (!prepared.has(name)) throw new RowNotPrepared(row, `it returns ${shown(name)}, which \`prepared\` does not name`)
  } catch (error) {
    // Who ends it for taking too long does so by what nobody may catch on the way.
    if (error instanceof RowNotPrepared || isTimeout(error)) throw error
    throw new RowNotPrepared(row, `it throws ${messageOf(error)}`)
  }
  for (const { name, values } of sources) if (!Object.is(given[name], values[row] ?? null)) throw new RowNotPrepared(row, `it changes ${name} of the row that it is given`)
}

/** What it inherits, such as `constructor`, it has not returned. */
function ownOf(made: object, name: string): unknown {
  return Object.hasOwn(made, name) ? Reflect.get(made, name) : undefined
}

function objectOf(made: unknown, row: number): object {
  if (typeof made !== 'object' || made === null || Array.isArray(made)) throw new RowNotPrepared(row, `it returns ${shown(made)}, and must return an object`)
  if (typeof Reflect.get(made, 'then') === 'function') throw new RowNotPrepared(row, 'it returns a promise, and must return the row at once')
  return made
}

function valueOf(column: PreparedColumn, value: unknown, row: number): Value {
  const { name, type, optional, min, max, values } = column
  const wrong = (what: string): RowNotPrepared => new RowNotPrepared(row, `${name} is ${shown(value)}, and must be ${what}`)
  if (value === undefined || value === null) {
    if (!optional) throw new RowNotPrepared(row, `${name} is ${value === null ? 'null' : 'missing'}, and is not optional`)
    return null
  }
  switch (type) {
    case 'number':
      if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong('a number')
      if (min !== undefined && value < min) throw wrong(`at least ${min}`)
      if (max !== undefined && value > max) throw wrong(`at most ${max}`)
      return value
    case 'boolean':
      if (typeof value !== 'boolean') throw wrong('true or false')
      return value
    case 'category':
      if (typeof value !== 'string') throw wrong('text')
      // Half a character is another one in every file that it is written to.
      if (/\p{Surrogate}/u.test(value)) throw wrong('whole characters')
      if (values !== undefined && !values.includes(value)) throw wrong(`one of ${values.join(', ')}`)
      return value
  }
}
