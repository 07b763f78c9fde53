import type { SignatureColumn } from '../../packages/manifest.js'
import type { FeatureBatch, FeatureValue } from '../predictor.js'
import { frameOf } from './frames.js'

const MISSING_BOOLEAN = 2

/**
 * The rows of some batches, one after another, as a message: columns of numbers as doubles, NaN where one is missing; then
 * those of booleans, a byte each; texts, null where one is missing, in the header. Each kind in the order of the inputs.
 */
export function encodeRows(inputs: readonly SignatureColumn[], batches: readonly FeatureBatch[]): Buffer {
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0)
  const ofType = (type: SignatureColumn['type']): readonly SignatureColumn[] => inputs.filter((input) => input.type === type)
  const [numbers, booleans] = [ofType('number'), ofType('boolean')]
  const doubles = new Float64Array(rows * numbers.length)
  fill(doubles, numbers, batches, (value) => (typeof value === 'number' ? value : Number.NaN))
  const bytes = new Uint8Array(rows * booleans.length)
  fill(bytes, booleans, batches, (value) => (value === true ? 1 : value === false ? 0 : MISSING_BOOLEAN))
  const texts = ofType('category').map(({ name }) => batches.flatMap((batch) => valuesOf(batch, name)))
  return frameOf({ rows, texts }, new Uint8Array(doubles.buffer), bytes)
}

function fill(target: Float64Array | Uint8Array, inputs: readonly SignatureColumn[], batches: readonly FeatureBatch[], encode: (value: FeatureValue) => number): void {
  let at = 0
  for (const { name } of inputs) {
    for (const batch of batches) {
      const values = valuesOf(batch, name)
      for (let row = 0; row < batch.rows; row += 1) target[at + row] = encode(values[row] ?? null)
      at += batch.rows
    }
  }
}

function valuesOf({ columns, rows }: FeatureBatch, name: string): readonly FeatureValue[] {
  return columns[name] ?? Array.from({ length: rows }, () => null)
}
