import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { refitError } from '../../errors.js'
import type { Signature } from '../../packages/manifest.js'
import { readClassLabels } from '../class-labels.js'
import { closable } from '../closable.js'
import type { FeatureBatch, FeatureValue, Predictions, PredictorAdapter } from '../predictor.js'

const MODULE_FILE = 'predictor.mjs'

/** One prediction: a number, or a probability for each label. */
const Answers = Type.Union([Type.Array(Type.Number()), Type.Array(Type.Record(Type.String(), Type.Number()))])

type Row = Readonly<Record<string, FeatureValue>>
type Predict = (rows: readonly Row[]) => unknown

/** A JavaScript module bundled into the package: `load(folder)` gives an object whose `predict(rows)` answers. */
export const moduleModel: PredictorAdapter = {
  format: 'module',
  recognises: (files) => files.includes(MODULE_FILE),
  finish: async (folder, signature) => {
    if (signature.task === 'regression') return []
    return readClassLabels(folder)
  },
  load: async (folder, signature) => {
    const predict = await loadPredict(folder)
    return closable({
      predict: async (batch) => toPredictions(signature, batch.rows, await ask(predict, rowsOf(signature, batch))),
      close: () => Promise.resolve(),
    })
  },
}

async function loadPredict(folder: string): Promise<Predict> {
  const file = join(folder, MODULE_FILE)
  try {
    await access(file)
    const loaded: unknown = await import(pathToFileURL(file).href)
    const load = methodOf(loaded, 'load')
    const model: unknown = await load([folder])
    const predict = methodOf(model, 'predict')
    return (rows) => predict([rows])
  } catch (error) {
    throw refitError('model-unreadable', { reason: `${MODULE_FILE}: ${error instanceof Error ? error.message : String(error)}` }, { cause: error })
  }
}

async function ask(predict: Predict, rows: readonly Row[]): Promise<unknown> {
  try {
    return await predict(rows)
  } catch (error) {
    throw refitError('prediction-invalid', { reason: `${MODULE_FILE}: ${error instanceof Error ? error.message : String(error)}` }, { cause: error })
  }
}

function methodOf(owner: unknown, name: string): (parameters: readonly unknown[]) => unknown {
  const method: unknown = typeof owner === 'object' && owner !== null ? Reflect.get(owner, name) : undefined
  if (typeof method !== 'function') throw new Error(`it has no function ${name}()`)
  return (parameters) => {
    const result: unknown = Reflect.apply(method, owner, parameters)
    return result
  }
}

function rowsOf(signature: Signature, { rows, columns }: FeatureBatch): Row[] {
  return Array.from({ length: rows }, (_, row) => Object.fromEntries(signature.inputs.map(({ name }) => [name, columns[name]?.[row] ?? null])))
}

function toPredictions(signature: Signature, rows: number, raw: unknown): Predictions {
  if (!Value.Check(Answers, raw) || raw.length !== rows) throw refitError('prediction-invalid', { reason: 'it must answer one number, or one object of probabilities, a row' })
  return signature.task === 'regression' ? { task: 'regression', values: numbersOf(raw) } : { task: 'classification', probabilities: probabilitiesOf(signature, raw) }
}

function numbersOf(raw: Static<typeof Answers>): Float64Array {
  return Float64Array.from(raw, (value: unknown) => {
    if (typeof value !== 'number') throw refitError('prediction-invalid', { reason: 'a regression must answer numbers' })
    return value
  })
}

function probabilitiesOf({ classes }: Signature, raw: Static<typeof Answers>): Float64Array {
  const probabilities = new Float64Array(raw.length * classes.length)
  for (const [row, answer] of raw.entries()) {
    for (const [index, label] of classes.entries()) {
      const probability = typeof answer === 'object' && Object.hasOwn(answer, label) ? answer[label] : undefined
      if (probability === undefined) throw refitError('prediction-invalid', { reason: `a classification must answer a probability for each label, there is none for "${label}"` })
      probabilities[row * classes.length + index] = probability
    }
  }
  return probabilities
}
