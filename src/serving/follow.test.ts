import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { settableClock, type SettableClock } from '../../test/support/settable-clock.js'
import { createFollower, startFollowing, type FollowOptions } from './follow.js'
import { createLiveSet, type Desired, type LiveSet, type LiveSetOptions } from './live-set.js'
import { createServingMetrics, type ServingMetrics } from './metrics.js'
import { createSideBySide, type SideBySide } from './side-by-side.js'
import type { Challenger } from './trial.js'

/** A live set to be led, and what is said about it. */
interface Stage {
  readonly live: LiveSet
  readonly sideBySide: SideBySide
  readonly clock: SettableClock
  readonly metrics: ServingMetrics
  readonly damaged: Set<string>
  /** Packages whose loading waits. */
  readonly held: Map<string, Promise<void>>
  /** Digests in the order in which they were asked for. */
  readonly fetched: readonly string[]
  readonly said: readonly string[]
  readonly told: readonly (readonly Desired[])[]
  /** Whether what is live can be told. */
  diskFull: boolean
  readonly options: Omit<FollowOptions, 'desired' | 'retired'>
}

function newStage(): Stage {
  const clock = settableClock('2026-02-02T06:00:00Z')
  const metrics = createServingMetrics()
  const damaged = new Set<string>()
  const held = new Map<string, Promise<void>>()
  const fetched: string[] = []
  const said: string[] = []
  const told: (readonly Desired[])[] = []
  const versions: LiveSetOptions = {
    now: () => clock.now(),
    log: { warn: (message) => said.push(message) },
    fetchPackage: (digest) => {
      fetched.push(digest)
      if (damaged.has(digest)) return Promise.reject(new Error(`${digest} is damaged`))
      return Promise.resolve({ folder: digest, manifest: { formatVersion: 1, format: 'test', signature: { task: 'regression', inputs: [], target: 'y', classes: [] }, files: [] } })
    },
    load: async (folder) => {
      await held.get(folder)
      return { predict: ({ rows }) => Promise.resolve({ task: 'regression', values: new Float64Array(rows) }), close: () => Promise.resolve() }
    },
  }
  const live = createLiveSet(versions)
  const sideBySide = createSideBySide({ live, beside: createLiveSet(versions), log: versions.log })
  const stage = { live, sideBySide, clock, metrics, damaged, held, fetched, said, told, diskFull: false }
  const onChange = async (now: readonly Desired[]): Promise<void> => {
    await Promise.resolve()
    if (stage.diskFull) throw new Error('no space left on device')
    told.push(now)
  }
  const log = { info: (message: string) => said.push(message), warn: (message: string) => said.push(message) }
  return Object.assign(stage, { options: { live, sideBySide, metrics, clock, onChange, log } })
}

function desired(version: number, { generation = version, model = 'house-price' } = {}): Desired {
  return { model, version, generation, digest: `${model}-${version}` }
}

/** The version that is rolled out beside the one of `desired(1)`. */
const challenger: Challenger = { rollout: 'house-price-r1', version: 2, digest: 'house-price-2', step: 0, share: 0.1 }

test('what is desired becomes live, is told once, and counts in the metrics', async () => {
  const { live, told, metrics, options } = newStage()
  const follow = createFollower(options)
  const both = [desired(2), desired(7, { model: 'price-direction' })]
  assert.equal(await follow(both), true)
  assert.equal(await follow(both), true)
  assert.deepEqual(live.list().map(({ model, version }) => [model, version]), [['house-price', 2], ['price-direction', 7]])
  assert.deepEqual(told, [both])
  assert.match(await metrics.text(), /refit_live_version\{model="house-price"\} 2/)
})

test('a model that is retired says since when and why, to everybody who asks it, until its life goes on', async () => {
  const stage = newStage()
  const follow = createFollower(stage.options)
  const retired = [{ model: 'house-price', since: '2026-02-02T06:00:00.000Z', by: 'cli:ann', reason: 'sold' }]
  await follow([desired(1)])
  await follow([], retired)
  const isTold = { code: 'model-retired', status: 410, message: 'Model house-price was retired on 2026-02-02 by cli:ann: sold' }
  assert.throws(() => stage.live.get('house-price'), isTold)
  await assert.rejects(stage.live.use('house-price', () => Promise.resolve(1)), isTold)
  assert.deepEqual(stage.told.at(-1), [])
  const times = stage.told.length
  await follow([], retired)
  assert.equal(stage.told.length, times, 'what has not changed is not kept anew')

  await follow([desired(1)])
  assert.equal(stage.live.get('house-price').version, 1)
})

test('a model that is desired no more is taken out, everywhere', async () => {
  const { live, told, metrics, options } = newStage()
  const follow = createFollower(options)
  await follow([desired(1), desired(1, { model: 'price-direction' })])
  await follow([desired(1)])
  assert.deepEqual(live.list().map(({ model }) => model), ['house-price'])
  assert.deepEqual(told.at(-1), [desired(1)])
  assert.doesNotMatch(await metrics.text(), /refit_live_version\{model="price-direction"\}/)
})

test('a version that cannot be loaded leaves the one before, the others move on, and the log says why', async () => {
  const { live, damaged, said, metrics, options } = newStage()
  const follow = createFollower(options)
  await follow([desired(1), desired(1, { model: 'price-direction' })])
  damaged.add('house-price-2')
  assert.equal(await follow([desired(2), desired(2, { model: 'price-direction' })]), false)
  assert.deepEqual(live.list().map(({ version }) => version), [1, 2])
  assert.ok(said.includes('house-price: version 2 could not be loaded, version 1 stays: house-price-2 is damaged'))
  assert.match(await metrics.text(), /refit_swap_failures_total\{model="house-price"\} 1/)
})

test('a first version that cannot be loaded is told as such', async () => {
  const { damaged, said, options } = newStage()
  damaged.add('house-price-1')
  assert.equal(await createFollower(options)([desired(1)]), false)
  assert.deepEqual(said, ['house-price: version 1 could not be loaded, nothing serves: house-price-1 is damaged'])
})

test('a version that could not be loaded is tried again after a while, a newer one at once', async () => {
  const { live, clock, damaged, fetched, options } = newStage()
  const follow = createFollower(options)
  damaged.add('house-price-1').add('house-price-2')
  await follow([desired(1)])
  await follow([desired(1)])
  await follow([desired(2)])
  assert.deepEqual(fetched, ['house-price-1', 'house-price-2'])
  damaged.clear()
  clock.advance(4999)
  await follow([desired(2)])
  assert.deepEqual(live.list(), [])
  clock.advance(1)
  assert.equal(await follow([desired(2)]), true)
  assert.equal(live.get('house-price').version, 2)
})

test('a version that takes long to load holds up no other model, and becomes live when it is loaded', async () => {
  const { live, clock, held, options } = newStage()
  const follow = createFollower(options)
  await follow([desired(1), desired(1, { model: 'price-direction' })])
  let release: () => void = () => undefined
  held.set('house-price-2', new Promise((resolve) => (release = resolve)))
  const look = follow([desired(2), desired(2, { model: 'price-direction' })])
  await settle()
  assert.equal(live.get('price-direction').version, 2)
  clock.advance(2000)
  assert.equal(await look, false)
  const next = follow([desired(2), desired(3, { model: 'price-direction' })])
  await settle()
  assert.deepEqual([live.get('house-price').version, live.get('price-direction').version], [1, 3])
  release()
  assert.equal(await next, true)
  assert.equal(live.get('house-price').version, 2)
})

test('what an older look at the database brings changes nothing', async () => {
  const { live, told, options } = newStage()
  const follow = createFollower(options)
  await follow([desired(2)])
  assert.equal(await follow([desired(1)]), true)
  assert.equal(live.get('house-price').version, 2)
  assert.equal(told.length, 1)
})

test('what is live is told again and again until it can be kept; meanwhile it serves', async () => {
  const stage = newStage()
  const follow = createFollower(stage.options)
  stage.diskFull = true
  assert.equal(await follow([desired(1)]), true)
  await follow([desired(1)])
  assert.equal(stage.live.get('house-price').version, 1)
  assert.deepEqual(stage.said.slice(1), ['what is live could not be kept for the next start: no space left on device'])
  stage.diskFull = false
  await follow([desired(1)])
  await follow([desired(1)])
  assert.deepEqual(stage.told, [[desired(1)]])
})

/** Lets everything happen that waits for nothing. */
async function settle(): Promise<void> {
  for (let round = 0; round < 20; round += 1) await turn()
}

/** A stage that follows a database of the test's own. */
function following(context: TestContext): Stage & { readonly database: { now: readonly Desired[]; away: boolean; looks: number }; hint(): void; stop(): Promise<void> } {
  const stage = newStage()
  const database = { now: [desired(1)] as readonly Desired[], away: false, looks: 0 }
  const { hint, stop } = startFollowing({
    ...stage.options,
    desired: () => {
      database.looks += 1
      return database.away ? Promise.reject(new Error('connection refused')) : Promise.resolve(database.now)
    },
    retired: () => Promise.resolve([]),
  })
  context.after(stop)
  return Object.assign(stage, { database, hint, stop })
}

test('following looks every half second, and at once when it is given a hint', async (context) => {
  const { live, clock, database, hint } = following(context)
  await settle()
  assert.equal(live.get('house-price').version, 1)
  database.now = [desired(2)]
  clock.advance(499)
  await settle()
  assert.equal(live.get('house-price').version, 1)
  clock.advance(1)
  await settle()
  assert.equal(live.get('house-price').version, 2)
  database.now = [desired(3)]
  hint()
  await settle()
  assert.equal(live.get('house-price').version, 3)
})

test('a hint during a look leads to another look', async (context) => {
  const { database, hint } = following(context)
  assert.equal(database.looks, 1)
  hint()
  await settle()
  assert.equal(database.looks, 2)
})

test('while the database is away what is live stays live; it is said once, and once that it is back', async (context) => {
  const { live, clock, database, said } = following(context)
  await settle()
  database.away = true
  for (let look = 0; look < 3; look += 1) {
    clock.advance(500)
    await settle()
  }
  assert.equal(live.get('house-price').version, 1)
  database.away = false
  database.now = [desired(2)]
  clock.advance(500)
  await settle()
  assert.equal(live.get('house-price').version, 2)
  assert.deepEqual(said, [
    'house-price: version 1 is live',
    'the database is away, what is live stays live: connection refused',
    'house-price: version 2 is live',
    'the database is back',
  ])
})

test('after the stop nothing is looked at any more', async (context) => {
  const { clock, database, hint, stop } = following(context)
  await settle()
  await stop()
  hint()
  clock.advance(10_000)
  await settle()
  assert.equal(database.looks, 1)
})

test('a version that is rolled out is loaded beside the champion, moved on without loading it again, and kept for the next start', async () => {
  const { live, sideBySide, told, fetched, options } = newStage()
  const follow = createFollower(options)
  await follow([{ ...desired(1), challenger }])
  assert.deepEqual([live.get('house-price').version, sideBySide.trials().get('house-price')], [1, challenger])
  const moved: Challenger = { ...challenger, step: 1, share: 0.5 }
  await follow([{ ...desired(1), challenger: moved }])
  assert.deepEqual(sideBySide.trials().get('house-price'), moved)
  assert.deepEqual(fetched, ['house-price-1', 'house-price-2'])
  assert.deepEqual(told.map(([first]) => first?.challenger?.share), [0.1, 0.5])
})

test('at the end of a rollout the version takes the place of the champion, or goes', async () => {
  const { live, sideBySide, told, options } = newStage()
  const follow = createFollower(options)
  await follow([{ ...desired(1), challenger }])
  await follow([desired(2)])
  assert.deepEqual([live.get('house-price').version, sideBySide.trials().size], [2, 0])
  await follow([{ ...desired(2), challenger: { ...challenger, rollout: 'house-price-r2', version: 3, digest: 'house-price-3' } }])
  await follow([desired(2)])
  assert.deepEqual([live.get('house-price').version, sideBySide.trials().size], [2, 0])
  assert.deepEqual(told.map(([first]) => [first?.version, first?.challenger?.version]), [[1, 2], [2, undefined], [2, 3], [2, undefined]])
})

test('while the new champion cannot be loaded, the version that has come so far keeps its callers', async () => {
  const { live, sideBySide, damaged, options } = newStage()
  const follow = createFollower(options)
  await follow([{ ...desired(1), challenger }])
  damaged.add('house-price-2')
  await follow([desired(2)])
  assert.deepEqual([live.get('house-price').version, sideBySide.trials().get('house-price')?.version], [1, 2])
})

test('a version that cannot be loaded is noted for its rollout, and tried again after a while', async () => {
  const { sideBySide, clock, damaged, fetched, options } = newStage()
  const follow = createFollower(options)
  damaged.add('house-price-2')
  await follow([{ ...desired(1), challenger }])
  await follow([{ ...desired(1), challenger }])
  assert.equal(sideBySide.trials().size, 0)
  assert.deepEqual(sideBySide.takeSeen().map(({ rollout, step, figures }) => [rollout, step, figures.failed]), [['house-price-r1', 0, 'house-price-2 is damaged']])
  assert.equal(fetched.filter((digest) => digest === 'house-price-2').length, 1)
  damaged.clear()
  clock.advance(5000)
  await follow([{ ...desired(1), challenger }])
  assert.deepEqual(sideBySide.trials().get('house-price'), challenger)
})
