import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closable } from './closable.js'

test('a predictor is closed once, and answers nothing afterwards', async () => {
  let closed = 0
  const predictor = closable({
    predict: () => Promise.resolve({ task: 'regression', values: new Float64Array(1) }),
    close: () => {
      closed += 1
      return Promise.resolve()
    },
  })
  await predictor.predict({ rows: 1, columns: {} })
  await Promise.all([predictor.close(), predictor.close()])
  assert.equal(closed, 1)
  await assert.rejects(predictor.predict({ rows: 1, columns: {} }), /closed/)
})

test('what closing throws at once is a rejection too', async () => {
  const predictor = closable({
    predict: () => Promise.resolve({ task: 'regression', values: new Float64Array(1) }),
    close: () => {
      throw new Error('the runtime has crashed')
    },
  })
  await assert.rejects(predictor.close(), /has crashed/)
})
