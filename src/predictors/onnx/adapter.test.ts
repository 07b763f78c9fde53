import assert from 'node:assert/strict'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { refitError } from '../../errors.js'
import { createWant } from '../want.js'
import { onnx } from './adapter.js'

test('what nobody waits for any more when its turn comes is not computed', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'refit-onnx-'))
  context.after(() => rm(folder, { recursive: true }))
  await copyFile(fileURLToPath(new URL('../../../../test/fixtures/models/matrix-regression.onnx', import.meta.url)), join(folder, 'model.onnx'))
  const predictor = await onnx.load(folder, { task: 'regression', inputs: ['area', 'garden'].map((name) => ({ name, type: 'number', optional: false })), target: 'price', classes: [] })
  context.after(() => predictor.close())
  const batch = { rows: 1, columns: { area: [50], garden: [1] } }
  const want = createWant()
  const [first, second, third] = [predictor.predict(batch), predictor.predict(batch, want), predictor.predict(batch, createWant())]
  want.giveUp(refitError('caller-left', { model: 'house-price' }))
  await assert.rejects(second, { code: 'caller-left' })
  assert.deepEqual(await third, await first)
})
