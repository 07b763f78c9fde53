import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { HintedLoop } from '../../src/hinted-loop.js'
import { startEndpoint, type Endpoint } from '../serving/endpoint.js'
import { startPlatform, type Platform } from '../serving/platform.js'
import { seededRandom } from '../support/seeded-random.js'
import { badKinds, callersRows, callersSignature, madeOf, otherGoodVersion } from './bad-kinds.js'
import { championsOf, conductorOf, tryVersion } from './bad-versions.js'
import { startTraffic } from './traffic.js'

/** `npm run bench bad-versions` does the same with many seeds, and all kinds at the same time. */

let platform: Platform
let endpoint: Endpoint
let conductor: HintedLoop
before(async () => {
  platform = await startPlatform()
  endpoint = await startEndpoint(platform)
  conductor = conductorOf(platform)
  await championsOf(platform, endpoint.url, [...Object.keys(badKinds), 'good'])
})
after(async () => {
  await conductor.stop()
  await endpoint.stop()
  await platform.stop()
})

for (const [model, kind] of Object.entries(badKinds)) {
  test(`a version that ${kind.what}, past its check, is rolled back for that within one window, and its champion answers on`, async (t) => {
    const random = seededRandom(t)
    const traffic = startTraffic(endpoint.url, model, callersRows(random.below(1_000_000)))
    try {
      const { rollout, champion, failedBeside, requests, lasted } = await tryVersion(platform, endpoint.url, model, madeOf(kind, random.below(1_000_000)), traffic)
      const said = rollout.explanation ?? ''
      assert.deepEqual([rollout.state, rollout.step, champion, failedBeside], ['rolled-back', 0, 1, 0], `${random.seed}: ${said}`)
      assert.match(said, kind.reason, random.seed)
      t.diagnostic(`${said} (${requests} requests, ${(lasted / 1000).toFixed(1)} s)`)
    } finally {
      await traffic.stop()
    }
  })
}

test('a version that is as good goes live', async (t) => {
  const random = seededRandom(t)
  const traffic = startTraffic(endpoint.url, 'good', callersRows(random.below(1_000_000)))
  try {
    const { rollout, champion } = await tryVersion(platform, endpoint.url, 'good', otherGoodVersion(callersSignature), traffic)
    assert.deepEqual([rollout.state, champion], ['live', 2], `${random.seed}: ${rollout.explanation ?? ''}`)
  } finally {
    await traffic.stop()
  }
  assert.deepEqual([...new Set(traffic.answers.map(({ status }) => status))], [200])
})
