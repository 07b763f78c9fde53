import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { endServing } from '../../src/roles/serving-process.js'
import type { HintedLoop } from '../../src/hinted-loop.js'
import { startEndpoint, type Endpoint } from '../serving/endpoint.js'
import { startPlatform, type Platform } from '../serving/platform.js'
import { seededRandom } from '../support/seeded-random.js'
import { badKinds, conductorOf, goodVersion, tryVersion } from './bad-versions.js'

let platform: Platform
let endpoint: Endpoint
let conductor: HintedLoop
before(async () => {
  platform = await startPlatform()
  endpoint = await startEndpoint(platform)
  conductor = conductorOf(platform)
})
after(async () => {
  await conductor.stop()
  await endpoint.stop()
  await endServing(platform.stateFolder)
  await platform.stop()
})

for (const [index, [what, kind]] of Object.entries(badKinds).entries()) {
  test(`a version that ${what} in traffic, past its check, is rolled back within one window and never champion`, async (t) => {
    const random = seededRandom(t)
    const { rollout, answers, champion } = await tryVersion(platform, endpoint, `bad-${index}`, kind, random.below(1_000_000))
    assert.deepEqual([rollout.state, rollout.step, champion], ['rolled-back', 0, 1], `${random.seed}: ${rollout.explanation ?? ''}`)
    assert.equal(answers.at(-1)?.version, 1)
    t.diagnostic(rollout.explanation ?? '')
  })
}

test('a version that is as good goes live', async (t) => {
  const random = seededRandom(t)
  const { rollout, answers, champion } = await tryVersion(platform, endpoint, 'good', goodVersion, random.below(1_000_000))
  assert.deepEqual([rollout.state, champion], ['live', 2], `${random.seed}: ${rollout.explanation ?? ''}`)
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200])
})
