import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { PREPARE_FILE } from '../../src/packages/manifest.js'
import { failureOf, predict, send, startEndpoint, until, untilLive, type Answer, type Endpoint } from './endpoint.js'
import { roomsSignature, startPlatform, times, type Platform } from './platform.js'

const DEADLINE_MS = 5000

/** What a model does when it is asked for a house of 13 rooms; for any other it answers the number of rooms. */
const misdeeds = {
  hangs: 'for (;;);',
  'hangs-in-a-pattern': `/^(a+)+$/.test('a'.repeat(40) + 'b')`,
  'never-answers': 'return new Promise(() => undefined)',
  throws: 'throw new TypeError("no rooms")',
  'answers-nan': 'return [NaN]',
  'answers-nothing': 'return undefined',
  ends: 'process.exit(0)',
  'throws-later': 'setTimeout(() => { throw new Error("too late") }, 1); return new Promise(() => undefined)',
  'rejects-aside': 'void Promise.reject(new Error("nobody hears")); return new Promise(() => undefined)',
} as const
const models = Object.keys(misdeeds)

let platform: Platform
let endpoint: Endpoint
before(async () => {
  platform = await startPlatform('steady', 'prepares', ...models)
  await platform.publish('steady', times(2))
  await platform.promote('prepares', (await platform.addFolder('prepares', preparing, leavePrepared)).version)
  for (const [model, misdeed] of Object.entries(misdeeds)) await platform.publish(model, `if (rows[0].rooms === 13) { ${misdeed} } return rows.map(({ rooms }) => rooms)`)
  endpoint = await startEndpoint(platform, { deadlineMs: DEADLINE_MS })
  for (const model of ['steady', 'prepares', ...models]) await untilLive(endpoint.url, model, 1)
})
after(async () => {
  await endpoint.stop()
  await platform.stop()
})

/** A model of which the `prepare` module hangs at a house of 13 rooms. */
const preparing: Parameters<Platform['addFolder']>[1] = {
  format: 'module',
  signature: roomsSignature,
  prepare: { outputs: [{ name: 'twice', type: 'number', optional: false }], features: [{ name: 'twice', type: 'number', optional: false }] },
}

async function leavePrepared(folder: string): Promise<void> {
  await writeFile(join(folder, PREPARE_FILE), 'module.exports.default = ({ rooms }) => { while (rooms === 13); return { twice: rooms * 2 } }')
  await writeFile(join(folder, 'predictor.mjs'), 'export const load = () => ({ predict: (rows) => rows.map(({ twice }) => twice) })')
}

/** Asks another model without a pause until this is done; gives what it answered. */
async function meanwhile(model: string, done: Promise<unknown>): Promise<readonly Answer[]> {
  const answers: Answer[] = []
  const over = new AbortController()
  const ended = done.finally(() => over.abort())
  while (!over.signal.aborted) answers.push(await predict(endpoint.url, model, [{ rooms: 4 }]))
  await ended
  return answers
}

for (const model of [...models, 'prepares']) {
  test(`a model that ${model.replaceAll('-', ' ')} fails its own request, others are answered meanwhile, and soon it answers again itself`, async () => {
    const asked = predict(endpoint.url, model, [{ rooms: 13 }])
    const others = await meanwhile('steady', asked)
    const failure = failureOf(await asked)
    assert.ok(failure.status >= 500, JSON.stringify(failure))
    assert.ok(['prediction-invalid', 'prediction-timeout', 'predictor-died'].includes(failure.code), JSON.stringify(failure))
    for (const { status, json } of others) assert.deepEqual([status, json], [200, { model: 'steady', version: 1, predictions: [8] }])
    await until('it answers again', async () => (await predict(endpoint.url, model, [{ rooms: 3 }])).status === 200)
  })
}

test('while a model hangs, others that wait for it are answered in time too, and a new version takes its place', async () => {
  const asked = [13, 3, 3].map((rooms) => predict(endpoint.url, 'hangs', [{ rooms }]))
  for (const answer of await Promise.all(asked)) assert.ok(failureOf(answer).status >= 500)
  await platform.publish('hangs', times(5))
  await untilLive(endpoint.url, 'hangs', 2)
  assert.deepEqual((await predict(endpoint.url, 'hangs', [{ rooms: 13 }])).json, { model: 'hangs', version: 2, predictions: [65] })
})

test('a version that hangs while it is loaded is not served, and holds up no other model', async () => {
  await platform.publish('throws', times(3))
  await untilLive(endpoint.url, 'throws', 2)
  await platform.publish('throws', '} }); for (;;); ({ a: () => {')
  await platform.publish('steady', times(7))
  await untilLive(endpoint.url, 'steady', 2)
  assert.deepEqual((await predict(endpoint.url, 'throws', [{ rooms: 2 }])).json, { model: 'throws', version: 2, predictions: [6] })
})

test('a model whose thread has ended says so until it is loaded again, and asks to come again', async () => {
  const { status } = await predict(endpoint.url, 'ends', [{ rooms: 13 }])
  assert.equal(status, 500)
  const failure = failureOf(await predict(endpoint.url, 'ends', [{ rooms: 1 }]))
  assert.deepEqual([failure.status, failure.code], [503, 'predictor-away'])
  assert.match(endpoint.log(), /it is loaded again in [0-9.]+ seconds/)
})

test('a model sees nothing of what the serving process was told', async () => {
  await platform.publish('answers-nan', 'return [Object.keys(process.env).filter((name) => name.startsWith("REFIT")).length]')
  process.env['REFIT_SECRET_OF_THE_TEST'] = 'seen'
  await untilLive(endpoint.url, 'answers-nan', 2)
  assert.deepEqual((await predict(endpoint.url, 'answers-nan', [{ rooms: 1 }])).json, { model: 'answers-nan', version: 2, predictions: [0] })
})

test('no request has met a bug', async () => {
  assert.doesNotMatch(endpoint.log(), /met a bug/)
  assert.equal((await send(`${endpoint.url}/ready`)).status, 200)
})
