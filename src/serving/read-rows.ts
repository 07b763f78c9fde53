import { refitError, type Fault } from '../errors.js'
import type { Signature, SignatureColumn } from '../packages/manifest.js'
import type { FeatureBatch, FeatureValue } from '../predictors/predictor.js'

/** Faults that one answer lists; a batch of thousands of wrong rows has the same few causes. */
export const MOST_FAULTS = 50
const LONGEST_SHOWN = 40

/**
 * Turns the rows of a request into the columns that a predictor takes.
 * @throws RefitError `rows-invalid` that names row and column of every fault
 */
export function readRows({ inputs }: Pick<Signature, 'inputs'>, rows: readonly unknown[]): FeatureBatch {
  const faults: Fault[] = []
  const columns: Record<string, FeatureValue[]> = Object.fromEntries(inputs.map(({ name }) => [name, []]))
  const known = new Set(inputs.map(({ name }) => name))
  for (const [index, row] of rows.entries()) {
    if (!isObject(row)) {
      faults.push({ path: `rows[${index}]`, message: `must be an object, is ${kindOf(row)}` })
      continue
    }
    for (const input of inputs) {
      const value = Object.hasOwn(row, input.name) ? row[input.name] : undefined
      const message = faultOf(input, value)
      if (message === undefined) columns[input.name]?.push(isFeature(value) ? value : null)
      else faults.push({ path: `rows[${index}].${input.name}`, message })
    }
    for (const name of Object.keys(row)) if (!known.has(name)) faults.push({ path: `rows[${index}].${shortened(name)}`, message: 'is no input of this model' })
  }
  if (faults.length > 0) throw refitError('rows-invalid', { count: faults.length }, { faults: faults.slice(0, MOST_FAULTS) })
  return { rows: rows.length, columns }
}

function faultOf({ type, optional }: SignatureColumn, value: unknown): string | undefined {
  if (value === undefined || value === null) return optional ? undefined : `is ${value === null ? 'null' : 'missing'}, and not optional`
  switch (type) {
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? undefined : `must be a number, is ${kindOf(value)}`
    case 'category':
      return typeof value === 'string' ? undefined : `must be text, is ${kindOf(value)}`
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `must be true or false, is ${kindOf(value)}`
  }
}

function isFeature(value: unknown): value is Exclude<FeatureValue, null> {
  return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean'
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  switch (typeof value) {
    case 'string':
      return `the text ${JSON.stringify(shortened(value))}`
    case 'object':
      return 'an object'
    case 'number':
    case 'boolean':
      return `the ${typeof value} ${String(value)}`
    default:
      return `of type ${typeof value}`
  }
}

/** What a caller wrote is shown to them again, but not all of it. */
function shortened(text: string): string {
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text
}
