import { setImmediate as turn } from 'node:timers/promises'
import type { Signature } from '../../packages/manifest.js'
import { closable } from '../closable.js'
import type { FeatureBatch, FeatureValue, Predictor } from '../predictor.js'
import { openForest } from './ask-forest.js'
import { encodersOf, type Encoder } from './encode.js'
import { placeOf, type Forest, type ForestFeature } from './forest.js'
import { toPredictions } from './predictions.js'

/** Rows that are predicted before others get their turn: a millisecond. */
const SLICE = 250

/** What answers from a forest, in the thread that asks. @throws RefitError `model-unreadable` */
export function forestPredictor(forest: Forest, signature: Signature): Predictor {
  const ask = openForest(forest)
  const encoders = new Map(encodersOf(forest.features.map(({ name, values }) => ({ name, type: values === undefined ? 'NUMERICAL' : 'CATEGORICAL' })), signature).map((encoder) => [encoder.feature, encoder]))
  const columns = forest.features.map((feature) => columnOf(feature, encoders.get(feature.name)))
  const matrixOf = (batch: FeatureBatch, from: number, to: number): Float32Array => {
    const matrix = new Float32Array((to - from) * columns.length)
    for (let at = 0; at < columns.length; at += 1) columns[at]?.(batch, from, to, matrix, at, columns.length)
    return matrix
  }
  return closable({
    predict: async (batch, wanted) => {
      if (batch.rows <= SLICE) return toPredictions(signature, batch.rows, ask(matrixOf(batch, 0, batch.rows), batch.rows))
      const raw: number[] = []
      for (let from = 0; from < batch.rows; from += SLICE) {
        const to = Math.min(batch.rows, from + SLICE)
        raw.push(...ask(matrixOf(batch, from, to), to - from))
        await turn()
        const givenUp = wanted?.givenUp()
        if (givenUp !== undefined) throw givenUp
      }
      return toPredictions(signature, batch.rows, raw)
    },
    close: () => Promise.resolve(),
  })
}

/** Writes one feature of some rows into a matrix. */
type WriteColumn = (batch: FeatureBatch, from: number, to: number, matrix: Float32Array, at: number, width: number) => void

function columnOf(feature: ForestFeature, encoder: Encoder | undefined): WriteColumn {
  const place = placeReader(feature, encoder)
  return ({ columns }, from, to, matrix, at, width) => {
    const values = encoder === undefined ? undefined : columns[encoder.column]
    for (let row = from; row < to; row += 1) matrix[(row - from) * width + at] = place(values?.[row] ?? null)
  }
}

function placeReader(feature: ForestFeature, encoder: Encoder | undefined): (value: FeatureValue) => number {
  const read = (value: FeatureValue): number => placeOf(feature, encoder?.encode(value) ?? null)
  if (feature.values === undefined) return read
  // Of those alone that the model knows: to encode one takes longer than to predict by it.
  const remembered = new Map<FeatureValue, number>()
  return (value) => {
    const known = remembered.get(value)
    if (known !== undefined) return known
    const place = read(value)
    if (place !== 0) remembered.set(typeof value === 'string' ? copyOf(value) : value, place)
    return place
  }
}

/** The same text by itself: one that was cut from a body keeps all of it in memory. */
function copyOf(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le')
}
