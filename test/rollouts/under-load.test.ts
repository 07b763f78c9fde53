import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startEndpoint } from '../serving/endpoint.js'
import { startPlatform } from '../serving/platform.js'
import { conductorOf } from './bad-versions.js'
import { rolloutsUnderLoad } from './under-load.js'

test('rollouts one after another fail no request, and none is answered by a version that is not to answer then', async (t) => {
  const platform = await startPlatform()
  const endpoint = await startEndpoint(platform)
  const conductor = conductorOf(platform)
  t.after(async () => {
    await conductor.stop()
    await endpoint.stop()
    await platform.stop()
  })
  const { requests, failed, outside, states } = await rolloutsUnderLoad(platform, endpoint, 'loaded', 4)
  assert.deepEqual([failed, outside, states], [0, [], ['live', 'live', 'live', 'live']])
  t.diagnostic(`${requests} requests`)
})
