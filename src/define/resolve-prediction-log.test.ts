import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDuration, parseShare } from './measures.js'
import { predictionLogOf, resolvePredictionLog, type WrittenPredictionLog } from './resolve-prediction-log.js'
import type { StoredColumn } from './stored-definition.js'

const DAY_MS = 86_400_000
const columns: Readonly<Record<string, StoredColumn>> = { id: { type: 'text', role: 'key', optional: false }, rooms: { type: 'number', role: 'feature', optional: false } }

function resolve(written: WrittenPredictionLog | undefined): { readonly log: ReturnType<typeof predictionLogOf>; readonly faults: readonly string[] } {
  const faults: string[] = []
  const fault = (where: string): void => void faults.push(where)
  const log = resolvePredictionLog(written, {
    columns,
    fault,
    duration: (text, where) => {
      const milliseconds = parseDuration(text)
      if (milliseconds === undefined) fault(where)
      return milliseconds ?? 1
    },
    share: (text, where) => {
      const value = parseShare(text)
      if (value === undefined) fault(where)
      return value ?? 0.5
    },
  })
  return { log: predictionLogOf({ predictionLog: log }), faults }
}

test('a tenth of the answers is kept for 90 days, unless the definition says otherwise', () => {
  assert.deepEqual(resolve(undefined), { log: { share: 0.1, keepMilliseconds: 90 * DAY_MS }, faults: [] })
  assert.deepEqual(resolve({}), resolve(undefined))
  assert.deepEqual(resolve({ share: '100%', columns: ['rooms'], keep: '7 days' }), { log: { share: 1, columns: ['rooms'], keepMilliseconds: 7 * DAY_MS }, faults: [] })
})

test('nothing is kept where it is switched off', () => {
  assert.deepEqual(resolve('off'), { log: undefined, faults: [] })
})

test('what nobody sends, and what is no share or duration, is a fault at its place', () => {
  assert.deepEqual(resolve({ share: '0%', columns: ['rooms', 'id', 'nothing'], keep: 'long' }).faults, ['predictionLog.columns[1]', 'predictionLog.columns[2]', 'predictionLog.share', 'predictionLog.keep'])
})
