import { refitError, type Fault } from '../errors.js'
import type { Signature, SignatureColumn } from '../packages/manifest.js'
import { featureFault, isFeature, kindOf, shortened } from '../predictors/feature-fault.js'
import type { FeatureBatch, FeatureValue } from '../predictors/predictor.js'

/** Faults that one answer lists; a batch of thousands of wrong rows has the same few causes. */
export const MOST_FAULTS = 50

/**
 * Turns the rows of a request into the columns that a predictor takes.
 * @throws RefitError `rows-invalid` that names row and column of every fault
 */
export function readRows(signature: Pick<Signature, 'inputs'>, rows: readonly unknown[]): FeatureBatch {
  return readPlainRows(signature, rows) ?? readFaultyRows(signature, rows)
}

/** Rows that are as they should be; undefined at the first doubt. What an object inherits is none of the types of a feature. */
function readPlainRows({ inputs }: Pick<Signature, 'inputs'>, rows: readonly unknown[]): FeatureBatch | undefined {
  const columns = inputs.map((input): { readonly input: SignatureColumn; readonly values: FeatureValue[] } => ({ input, values: [] }))
  for (const row of rows) {
    if (!isObject(row)) return undefined
    let given = 0
    for (const { input, values } of columns) {
      const value = row[input.name]
      if (value !== undefined) given += 1
      if (isOf(input, value)) values.push(value)
      else if ((value === undefined || value === null) && input.optional) values.push(null)
      else return undefined
    }
    if (given !== Object.keys(row).length) return undefined
  }
  return { rows: rows.length, columns: Object.fromEntries(columns.map(({ input, values }) => [input.name, values])) }
}

function isOf({ type }: SignatureColumn, value: unknown): value is Exclude<FeatureValue, null> {
  switch (type) {
    case 'number':
      return typeof value === 'number' && Number.isFinite(value)
    case 'category':
      return typeof value === 'string'
    case 'boolean':
      return typeof value === 'boolean'
  }
}

/** Looks at every value, to name what is wrong. */
function readFaultyRows({ inputs }: Pick<Signature, 'inputs'>, rows: readonly unknown[]): FeatureBatch {
  const faults: Fault[] = []
  let count = 0
  const tell = (path: string, message: string): void => {
    count += 1
    if (faults.length < MOST_FAULTS) faults.push({ path, message })
  }
  const columns: Record<string, FeatureValue[]> = Object.fromEntries(inputs.map(({ name }) => [name, []]))
  const known = new Set(inputs.map(({ name }) => name))
  for (const [index, row] of rows.entries()) {
    if (!isObject(row)) {
      tell(`rows[${index}]`, `must be an object, is ${kindOf(row)}`)
      continue
    }
    for (const input of inputs) {
      const value = Object.hasOwn(row, input.name) ? row[input.name] : undefined
      const message = featureFault(input, value)
      if (message === undefined) columns[input.name]?.push(isFeature(value) ? value : null)
      else tell(`rows[${index}].${input.name}`, message)
    }
    for (const name of Object.keys(row)) if (!known.has(name)) tell(`rows[${index}].${shortened(name)}`, 'is no input of this model')
  }
  if (count > 0) throw refitError('rows-invalid', { count }, { faults })
  return { rows: rows.length, columns }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
