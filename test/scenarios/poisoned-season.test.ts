import assert from 'node:assert/strict'
import { test } from 'node:test'
import { playPoisonedSeason } from './poisoned-season.js'
import { noSharedData } from './shared-data.js'

const options = noSharedData === undefined ? {} : { skip: noSharedData }

for (const week of [10, 30, 50]) {
  test(`with nothing that looks at drops, week ${week} with its prices times ten is promoted neither then nor later, and its withdrawal lets the loop go on`, options, async (context) => {
    const { first, poisoned, after, versionsWithPoison } = await playPoisonedSeason({
      week,
      weeksWithPoison: 3,
      weeksAfter: 3,
      onRun: (_, { id, outcome, verdict }) => context.diagnostic(`${id}: ${outcome ?? ''}. ${verdict?.rules.map(({ explanation }) => explanation).join(' ') ?? ''}`),
    })
    assert.equal(first.outcome, 'promoted', first.explanation)
    assert.equal(poisoned.length, 4)
    for (const { id, outcome, verdict, explanation } of poisoned) {
      assert.ok(outcome === 'rejected' || outcome === 'inconclusive', `${id}: ${outcome ?? ''} ${explanation ?? ''}`)
      assert.equal(verdict?.champion?.version, first.version, id)
    }
    assert.deepEqual(versionsWithPoison, [])
    assert.equal(after.at(-1)?.outcome, 'promoted', after.map(({ id, explanation }) => `${id}: ${explanation ?? ''}`).join('\n'))
  })
}
