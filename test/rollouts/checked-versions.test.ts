import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { seededRandom } from '../support/seeded-random.js'
import { badKinds, callersRows, callersSignature, madeOf, otherGoodVersion } from './bad-kinds.js'
import { bringVersion, startCheckedModels, type Brought, type CheckedModels } from './checked-versions.js'
import { startTraffic } from './traffic.js'

/** Where each kind is stopped; what answers rightly, however slowly or wastefully, passes a check of its answers. */
const stoppedBy: Readonly<Record<string, Brought['caught']>> = {
  throws: 'check',
  'no-number': 'check',
  slow: 'rollout',
  leaks: 'rollout',
  shifted: 'check',
  constant: 'check',
  'other-inputs': 'its columns',
  'dies-at-load': 'check',
}

let checked: CheckedModels
before(async () => {
  checked = await startCheckedModels([...Object.keys(badKinds), 'good'], 1)
})
after(() => checked.project.close())

for (const [model, kind] of Object.entries(badKinds)) {
  test(`a version that ${kind.what} is brought, and never champion`, async (t) => {
    const random = seededRandom(t)
    const traffic = startTraffic(checked.url, model, callersRows(random.below(1_000_000)))
    try {
      const { caught, champion, explanation, failedBeside } = await bringVersion(checked, model, madeOf(kind, random.below(1_000_000)), traffic)
      assert.deepEqual([caught, champion, failedBeside], [stoppedBy[model], 1, 0], `${random.seed}: ${explanation}`)
      if (caught === 'rollout') assert.match(explanation, kind.reason, random.seed)
      t.diagnostic(`${caught ?? ''}: ${explanation}`)
    } finally {
      await traffic.stop()
    }
  })
}

test('a version that is as good is brought, and becomes champion', async (t) => {
  const random = seededRandom(t)
  const traffic = startTraffic(checked.url, 'good', callersRows(random.below(1_000_000)))
  try {
    const { caught, champion, explanation } = await bringVersion(checked, 'good', otherGoodVersion(callersSignature), traffic)
    assert.deepEqual([caught, champion], [undefined, 2], `${random.seed}: ${explanation}`)
  } finally {
    await traffic.stop()
  }
  assert.deepEqual([...new Set(traffic.answers.map(({ status }) => status))], [200])
})
