import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { refitError } from '../errors.js'
import { spreadOf } from '../rollouts/moments.js'
import { createLiveSet, type LiveSet, type LiveSetOptions } from './live-set.js'
import { createSideBySide, type Caller, type SideBySide } from './side-by-side.js'
import type { Challenger } from './trial.js'

/** Versions answer what their digest says: a number, or in which way they fail. */
async function stage(challenger: Challenger): Promise<{ readonly live: LiveSet; readonly beside: SideBySide; ask(caller?: Caller): Promise<unknown>; closed: readonly string[] }> {
  const closed: string[] = []
  const versions: LiveSetOptions = {
    now: () => new Date(),
    log: { warn: (message) => assert.fail(message) },
    fetchPackage: (digest) => Promise.resolve({ folder: digest, manifest: { formatVersion: 1, format: 'test', signature: { task: 'regression', inputs: [], target: 'y', classes: [] }, files: [] } }),
    load: (folder) => {
      let calls = 0
      return Promise.resolve({
        predict: ({ rows }) => {
          calls += 1
          // It warms up well.
          if (folder === 'throws' && calls > 3) return Promise.reject(refitError('prediction-invalid', { reason: 'a fault' }))
          return Promise.resolve({ task: 'regression', values: new Float64Array(rows).fill(Number(folder) || 0) })
        },
        close: () => {
          closed.push(folder)
          return Promise.resolve()
        },
      })
    },
  }
  const live = createLiveSet(versions)
  await live.swap({ model: 'm', version: 1, generation: 1, digest: '10' })
  const beside = createSideBySide({ live, beside: createLiveSet(versions), log: versions.log })
  await beside.tryOut('m', challenger)
  const ask = (caller?: Caller): Promise<unknown> =>
    beside.use(
      'm',
      async ({ version }, predictor) => {
        const predictions = await predictor.predict({ rows: 2, columns: {} })
        return [version, predictions.task === 'regression' ? predictions.values[0] : undefined]
      },
      caller,
    )
  return { live, beside, ask, closed }
}

const mirrored: Challenger = { rollout: 'm-r1', version: 2, digest: '12', step: 0 }

test('each side answers its share, a caller stays on its side, and both are written down', async () => {
  const { beside, ask } = await stage({ ...mirrored, share: 0.3 })
  const versions = new Map<string, unknown>()
  for (let number = 0; number < 400; number += 1) versions.set(`caller-${number}`, await ask({ key: `caller-${number}` }))
  const onNew = [...versions].filter(([, answer]) => JSON.stringify(answer) === '[2,12]').map(([key]) => key)
  assert.ok(onNew.length > 80 && onNew.length < 160, String(onNew.length))
  const [seen] = beside.takeSeen()
  assert.deepEqual([seen?.rollout, seen?.step, seen?.figures.challenger.requests, seen?.figures.champion.requests], ['m-r1', 0, onNew.length, 400 - onNew.length])
  const moments = seen?.figures.challenger.predictions['']
  assert.deepEqual([moments?.totals[2], moments === undefined ? undefined : spreadOf(moments)?.mean], [2 * onNew.length, 12])
  await beside.tryOut('m', { ...mirrored, step: 1, share: 0.6 })
  for (const key of onNew) assert.deepEqual(await ask({ key }), [2, 12])
  assert.deepEqual(beside.takeSeen().map(({ step, figures }) => [step, figures.challenger.requests]), [[0, onNew.length], [1, onNew.length]])
})

test('what is mirrored is answered by the champion alone, and compared row by row', async () => {
  const { beside, ask } = await stage(mirrored)
  for (let number = 0; number < 20; number += 1) {
    assert.deepEqual(await ask(), [1, 10])
    await turn()
    await turn()
  }
  const [seen] = beside.takeSeen()
  assert.deepEqual([seen?.figures.champion.requests, seen?.figures.challenger.requests, seen?.figures.dropped], [20, 20, 0])
  const differences = seen?.figures.differences['']
  assert.deepEqual(differences === undefined ? undefined : [spreadOf(differences)?.mean, differences.totals[2]], [2, 40])
})

test('what a version fails at while it is mirrored is counted, and nobody notices', async () => {
  const { beside, ask } = await stage({ ...mirrored, digest: 'throws' })
  for (let number = 0; number < 5; number += 1) {
    assert.deepEqual(await ask(), [1, 10])
    await turn()
    await turn()
  }
  assert.deepEqual([beside.takeSeen()[0]?.figures.challenger.errors, beside.takeSeen()[0]?.figures.champion.errors], [5, 0])
})

test('requests that come all at once are not all mirrored, and what is not is counted', async () => {
  const { beside, ask } = await stage(mirrored)
  await Promise.all(Array.from({ length: 50 }, () => ask()))
  while ((beside.takeSeen()[0]?.figures.challenger.requests ?? 0) + (beside.takeSeen()[0]?.figures.dropped ?? 0) < 50) await turn()
  const [seen] = beside.takeSeen()
  assert.ok((seen?.figures.dropped ?? 0) > 0, 'all were mirrored')
  assert.equal(seen?.figures.champion.requests, seen?.figures.challenger.requests)
})

test('who asks for one version is answered by it, and counts on neither side', async () => {
  const { beside, ask } = await stage({ ...mirrored, share: 0.3 })
  for (let number = 0; number < 10; number += 1) {
    assert.deepEqual(await ask({ version: 2, key: `caller-${number}` }), [2, 12])
    assert.deepEqual(await ask({ version: 1, key: `caller-${number}` }), [1, 10])
  }
  assert.deepEqual(beside.takeSeen(), [])
})

test('a trial that ends closes its version when its last request has ended, and is told of once more', async () => {
  const { beside, ask, closed } = await stage({ ...mirrored, share: 0.999 })
  const under = ask({ key: 'somebody' })
  assert.equal(beside.endTrial('m'), true)
  assert.deepEqual(closed, [])
  assert.deepEqual(await under, [2, 12])
  await turn()
  assert.deepEqual(closed, ['12'])
  assert.deepEqual(await ask({ key: 'somebody' }), [1, 10])
  assert.equal(beside.takeSeen().length, 1)
  assert.equal(beside.takeSeen().length, 0)
})
