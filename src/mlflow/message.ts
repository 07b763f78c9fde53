import { MOST_INTEGER } from '../tracking/entries.js'
import { invalid } from '../tracking/refusals.js'

/**
 * Reads the messages of MLflow's API. They are the JSON form of protobuf, or query parameters that say the same: whole
 * numbers also as digits, enumerations also by number, null for what is absent, unknown fields ignored. What is refused is
 * named as MLflow's server names it, for its clients and tests compare the words.
 */

/** Where a value stands, e.g. `metrics[0].timestamp`, and whether it came in the query. */
export interface Place {
  readonly path: string
  readonly inQuery: boolean
}

/** Reads a value that is there. @throws RefitError `tracking-invalid` */
export type Reading<T> = (value: unknown, place: Place) => T

/** A field of a message. */
export interface Field<T> {
  readonly read: Reading<T>
  /** What it is where it is absent; not given: it must be there. */
  readonly absent?: () => T
  /** Other names that it goes by. */
  readonly aliases: readonly string[]
}

type Fields = Readonly<Record<string, Field<unknown>>>
type MessageOf<F extends Fields> = { readonly [Name in keyof F]: F[Name] extends Field<infer T> ? T : never }

/** A field that must be there. */
export function required<T>(read: Reading<T>, ...aliases: readonly string[]): Field<T> {
  return { read, aliases }
}

/** A field that may be absent. */
export function optional<T>(read: Reading<T>, ...aliases: readonly string[]): Field<T | undefined> {
  return { read, absent: () => undefined, aliases }
}

/** A field that means something where it is absent. */
export function withDefault<T>(read: Reading<T>, absent: T): Field<T> {
  return { read, absent: () => absent, aliases: [] }
}

/** Reads a message by its fields. */
export function message<F extends Fields>(fields: F): Reading<MessageOf<F>> {
  const entries = Object.entries(fields)
  return (value, place) => {
    if (!isRecord(value)) throw refuse(value, place)
    const read: [string, unknown][] = []
    for (const [name, field] of entries) read.push([name, readField(value, name, field, place)])
    // eslint-disable-next-line typescript/no-unsafe-type-assertion -- made of exactly these fields by their readings
    return Object.fromEntries(read) as MessageOf<F>
  }
}

/** Reads the body or the query of a request. @throws RefitError `tracking-invalid` */
export function readMessage<T>(reading: Reading<T>, value: unknown, inQuery = false): T {
  return reading(value ?? {}, { path: '', inQuery })
}

export const text: Reading<string> = (value, place) => {
  if (typeof value !== 'string') throw refuse(value, place)
  return value
}

/** Text that says something. */
export const words: Reading<string> = (value, place) => {
  const read = text(value, place)
  if (read === '') throw missingValue(place)
  return read
}

/** An id, which some send as the number that it looks like. */
export const idText: Reading<string> = (value, place) => (typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : text(value, place))

/** A whole number of 64 bits. */
export const integer: Reading<number> = (value, place) => {
  const number = typeof value === 'string' && /^-?\d{1,19}$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isInteger(number) || Math.abs(number) >= MOST_INTEGER) throw refuse(value, place)
  return number
}

/** A whole number within bounds. */
export function between(least: number, most: number): Reading<number> {
  return (value, place) => {
    const number = integer(value, place)
    if (number < least || number > most) throw refuse(value, place)
    return number
  }
}

/** A number, which may be infinite or none. */
export const double: Reading<number> = (value, place) => {
  if (typeof value === 'number') return value
  if (typeof value === 'string') {
    const known = ({ NaN: Number.NaN, Infinity: Number.POSITIVE_INFINITY, '-Infinity': Number.NEGATIVE_INFINITY } as const)[value]
    if (known !== undefined) return known
    if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(value)) return Number(value)
  }
  throw refuse(value, place)
}

export const flag: Reading<boolean> = (value, place) => {
  if (typeof value === 'boolean') return value
  const written = typeof value === 'string' ? value.toLowerCase() : ''
  if (written !== 'true' && written !== 'false') throw refuse(value, place)
  return written === 'true'
}

/** One of some names; `first` is the number of the first. */
export function oneOf<const T extends string>(names: readonly T[], first = 1): Reading<T> {
  return (value, place) => {
    const number = typeof value === 'number' ? value : typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : undefined
    const found = number === undefined ? names.find((name) => name === value) : names[number - first]
    if (found === undefined) throw refuse(value, place)
    return found
  }
}

/** Several values; in a query the key is repeated. */
export function list<T>(read: Reading<T>): Reading<readonly T[]> {
  return (value, place) => {
    if (!Array.isArray(value)) {
      if (place.inQuery) return [read(value, place)]
      throw refuse(value, place)
    }
    return value.map((each: unknown, index) => {
      if (each === null || each === undefined) throw refuse(each, { ...place, path: `${place.path}[${index}]` })
      return read(each, { ...place, path: `${place.path}[${index}]` })
    })
  }
}

/** A refusal whose value is to be told as it was sent, which only the body of the request knows. */
export class InvalidValue extends Error {
  override readonly name = 'InvalidValue'

  constructor(
    readonly value: unknown,
    readonly path: string,
  ) {
    super(`Invalid value for parameter '${path}' supplied.`)
  }
}

function readField(values: Readonly<Record<string, unknown>>, name: string, field: Field<unknown>, { path, inQuery }: Place): unknown {
  const place = { path: path === '' ? name : `${path}.${name}`, inQuery }
  for (const key of [name, ...field.aliases]) {
    const value = Object.hasOwn(values, key) ? values[key] : undefined
    if (value !== undefined && value !== null) return field.read(value, place)
  }
  if (field.absent === undefined) throw missingValue(place)
  return field.absent()
}

function missingValue({ path }: Place): Error {
  return invalid(`Missing value for required parameter '${path}'. See the API docs for more information about request parameters.`)
}

function refuse(value: unknown, { path }: Place): Error {
  return new InvalidValue(value, path)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
