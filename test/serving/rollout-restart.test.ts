import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock as clock } from '../../src/clock.js'
import { registerModels } from '../../src/registry/models.js'
import { getRollout } from '../../src/registry/rollout.js'
import { figuresOf } from '../../src/registry/rollout-steps.js'
import { twoSteps } from '../rollouts/arms.js'
import { modelNamed, projectOf } from '../support/stored-models.js'
import { predict, startEndpoint, until, untilLive } from './endpoint.js'
import { startPlatform, times } from './platform.js'

test('with the database away the split of a rollout stays as it is for every caller, also when serving is started again', async (t) => {
  const platform = await startPlatform()
  t.after(() => platform.stop())
  await registerModels(platform.database, clock, projectOf(modelNamed('price', { deploy: twoSteps })), 'test')
  await platform.publish('price', times(1))
  let endpoint = await startEndpoint(platform)
  t.after(() => endpoint.stop())
  await untilLive(endpoint.url, 'price', 1)
  await platform.publish('price', times(2))
  const callers = Array.from({ length: 200 }, (_, caller) => `caller-${caller}`)
  /** What a caller is answered. So many at once may be more than a slow machine lets in: who is refused for that asks again. */
  const answered = async (key: string): Promise<string> => {
    for (let tries = 0; ; tries += 1) {
      const { status, body } = await predict(endpoint.url, 'price', [{ rooms: 1 }], { 'refit-key': key })
      if (status === 200) return body
      assert.ok((status === 429 || status === 503) && tries < 100, `${status} ${body}`)
      await delay(50)
    }
  }
  /** Who is answered by version 2. */
  const onNew = async (): Promise<readonly string[]> => {
    const answers = await Promise.all(callers.map(async (key) => ({ key, body: await answered(key) })))
    return answers.filter(({ body }) => body.includes('"version":2')).map(({ key }) => key)
  }
  await until('version 2 answers some', async () => (await onNew()).length > 0)
  const before = await onNew()
  const { id } = await getRollout(platform.database, 'price', 1)
  await until('figures are written down', async () => ((await figuresOf(platform.database, id)).get(0)?.challenger.requests ?? 0) > 0)
  await platform.stopDatabase()
  assert.deepEqual(await onNew(), before)
  await endpoint.stop()
  endpoint = await startEndpoint(platform)
  assert.deepEqual(await onNew(), before)
  const share = before.length / callers.length
  assert.ok(share > 0.02 && share < 0.25, `${share} of the callers, where a tenth was asked for`)
})
