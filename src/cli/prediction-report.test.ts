import assert from 'node:assert/strict'
import { test } from 'node:test'
import pico from 'picocolors'
import type { LoggedPrediction } from '../api/wire/prediction.js'
import { predictionTable, truthWords } from './prediction-report.js'

const paint = pico.createColors(false)

test('of numbers the mean absolute error is told, of labels how many were right, and of no truth nothing', () => {
  assert.equal(truthWords([{ predicted: 10 }, { predicted: 'up' }]), undefined)
  assert.equal(truthWords([{ predicted: 10, truth: 12 }, { predicted: 3 }, { predicted: 5.5, truth: 5 }]), 'truth of 2 of these 3: mean absolute error 1.25')
  assert.equal(truthWords([{ predicted: 123_456, truth: 0 }]), 'truth of 1 of these 1: mean absolute error 123,460')
  assert.equal(truthWords([{ predicted: 'up', truth: 'up' }, { predicted: 'up', truth: 'down' }]), 'truth of 2 of these 2: 1 right')
})

test('what somebody has sent as a key cannot move the cursor', () => {
  const row: LoggedPrediction = { prediction: 'id', row: 1, at: '2026-11-28T20:00:00.000Z', version: 2, side: 'challenger', key: 'a\u001B[2Jb', values: {}, predicted: 1 }
  const [, line = ''] = predictionTable({ width: Number.POSITIVE_INFINITY, paint }, [row], Date.parse(row.at))
  assert.equal(line, 'now       2, rolled out  1    a\uFFFD[2Jb  1          id')
})
