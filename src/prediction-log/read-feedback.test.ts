import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { RefitError } from '../errors.js'
import { createPredictionIds } from '../predictions/prediction-id.js'
import { MOST_ENTRIES, readFeedback } from './read-feedback.js'

const key = randomBytes(32)
const ids = createPredictionIds(key)
const facts = { model: 'house-price', version: 1, generation: 1, side: 'champion', at: new Date(0), rows: 2 } as const
const logged = ids(facts, 1).id
const house = { model: 'house-price', task: 'regression', key } as const

function refusal(entries: readonly unknown[], of: Parameters<typeof readFeedback>[1] = house): RefitError {
  try {
    readFeedback(entries, of)
  } catch (error) {
    if (error instanceof RefitError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

test('truth comes by the id of an answer and a row of it, or by a key', () => {
  assert.deepEqual(readFeedback([{ prediction: logged, truth: 1.5 }, { prediction: logged, row: 1, truth: -2 }, { key: 'house 7', truth: 3e5 }], house), {
    truths: [
      { kind: 'prediction', subject: logged, row: 0, truth: '1.5' },
      { kind: 'prediction', subject: logged, row: 1, truth: '-2' },
      { kind: 'key', subject: 'house 7', row: 0, truth: '300000' },
    ],
    notLogged: 0,
  })
})

test('an answer that was not sampled is known as one, and nothing is kept of it', () => {
  assert.deepEqual(readFeedback([{ prediction: ids(facts, 0).id, truth: 1 }], house), { truths: [], notLogged: 1 })
})

test('labels are texts, whatever they came as', () => {
  const { truths } = readFeedback([{ key: 'a', truth: 1 }, { key: 'b', truth: true }, { key: 'c', truth: 'up' }], { ...house, task: 'classification' })
  assert.deepEqual(truths.map(({ truth }) => truth), ['1', 'true', 'up'])
})

test('each entry that cannot be kept is named, and none is kept', () => {
  const wrong = [
    { key: 'fine', truth: 1 },
    { prediction: `${logged.slice(0, -1)}${logged.endsWith('A') ? 'B' : 'A'}`, truth: 1 },
    { prediction: ids({ ...facts, model: 'other' }, 1).id, truth: 1 },
    { prediction: logged, row: 2, truth: 1 },
    { key: 'a', truth: 'text' },
    { key: 'a', prediction: logged, truth: 1 },
    { truth: 1 },
    null,
    'text',
    { key: 'a', truth: null },
    { key: 'a'.repeat(201), truth: 1 },
  ]
  const { code, faults } = refusal(wrong)
  assert.equal(code, 'feedback-invalid')
  assert.deepEqual(faults.map(({ path }) => path), ['feedback[1].prediction', 'feedback[2].prediction', 'feedback[3].row', 'feedback[4].truth', ...[5, 6, 7, 8, 9, 10].map((index) => `feedback[${index}]`)])
})

test('nothing, and more than is taken at once, is refused', () => {
  assert.equal(refusal([]).code, 'request-invalid')
  assert.equal(refusal(Array.from({ length: MOST_ENTRIES + 1 }, () => ({ key: 'a', truth: 1 }))).code, 'request-invalid')
})
