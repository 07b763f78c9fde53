import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RefitError, refitError } from '../errors.js'
import type { PackageManifest } from '../packages/manifest.js'
import type { Predictor } from '../predictors/predictor.js'
import { createWant } from '../predictors/want.js'
import { createLiveSet, type Desired, type LiveSet } from './live-set.js'

function manifestOf(digest: string): PackageManifest {
  return { formatVersion: 1, format: 'test', signature: { task: 'regression', inputs: [{ name: digest, type: 'number', optional: false }], target: 'y', classes: [] }, files: [] }
}

function version(number: number, { digest = `package-${number}`, generation = number, model = 'house-price' } = {}): Desired {
  return { model, version: number, generation, digest }
}

/** A live set whose predictors tell what becomes of them. */
interface Stage {
  readonly live: LiveSet
  readonly loaded: readonly string[]
  readonly closed: readonly string[]
  readonly warnings: readonly string[]
  /** Loading this package, or its first prediction, waits until the returned function is called. */
  hold(digest: string): () => void
  failToLoad(digest: string): void
  failToPredict(digest: string): void
  failToClose(digest: string): void
}

function newStage(): Stage {
  const [loaded, closed, warnings]: string[][] = [[], [], []]
  assert.ok(loaded !== undefined && closed !== undefined && warnings !== undefined)
  const held = new Map<string, Promise<void>>()
  const [unloadable, unusable, unclosable] = [new Set<string>(), new Set<string>(), new Set<string>()]
  const predictorOf = (digest: string): Predictor => ({
    predict: async ({ rows }) => {
      await Promise.resolve()
      assert.ok(!closed.includes(digest), `${digest} was asked after it had been closed`)
      if (unusable.has(digest)) throw new Error('it does not answer')
      return { task: 'regression', values: new Float64Array(rows) }
    },
    close: () => {
      closed.push(digest)
      return unclosable.has(digest) ? Promise.reject(new Error('it does not close')) : Promise.resolve()
    },
  })
  return {
    loaded,
    closed,
    warnings,
    live: createLiveSet({
      now: () => new Date(),
      log: { warn: (message) => warnings.push(message) },
      fetchPackage: (digest) => (unloadable.has(digest) ? Promise.reject(new Error('it is damaged')) : Promise.resolve({ folder: digest, manifest: manifestOf(digest) })),
      load: async (folder) => {
        await held.get(folder)
        loaded.push(folder)
        return predictorOf(folder)
      },
    }),
    hold: (digest) => {
      let release: () => void = () => undefined
      held.set(digest, new Promise((resolve) => (release = resolve)))
      return () => release()
    },
    failToLoad: (digest) => unloadable.add(digest),
    failToPredict: (digest) => unusable.add(digest),
    failToClose: (digest) => unclosable.add(digest),
  }
}

/** A request that lasts until it is ended; it resolves to the version that answered. */
function beginRequest(live: LiveSet): { end: () => void; answer: Promise<number> } {
  let end: () => void = () => undefined
  const until = new Promise<void>((resolve) => (end = resolve))
  const answer = live.use('house-price', async ({ version }, predictor) => {
    await until
    await predictor.predict({ rows: 1, columns: {} })
    return version
  })
  return { end: () => end(), answer }
}

function answering(live: LiveSet): Promise<number> {
  return live.use('house-price', async ({ version }) => Promise.resolve(version))
}

test('a model that is not live is refused, and those that are live are named', async () => {
  const { live } = newStage()
  assert.throws(() => live.get('house-price'), { code: 'model-not-live', message: /there are: none/ })
  await live.swap(version(1, { model: 'other' }))
  await assert.rejects(answering(live), { code: 'model-not-live', message: /there are: other/ })
  await assert.rejects(live.use('__proto__', () => Promise.resolve()), { code: 'model-not-live' })
})

test('a version that is swapped in answers, with its own signature', async () => {
  const { live } = newStage()
  await live.swap(version(1))
  await live.swap(version(2))
  assert.equal(await answering(live), 2)
  assert.equal(live.get('house-price').signature.inputs[0]?.name, 'package-2')
  assert.equal(live.list().length, 1)
})

test('requests under way end with the version they began with, which stays loaded until the last of them', async () => {
  const { live, closed } = newStage()
  await live.swap(version(1))
  const [early, late] = [beginRequest(live), beginRequest(live)]
  await live.swap(version(2))
  assert.equal(await answering(live), 2)
  early.end()
  assert.equal(await early.answer, 1)
  assert.deepEqual(closed, [])
  late.end()
  assert.equal(await late.answer, 1)
  assert.deepEqual(closed, ['package-1'])
})

test('a request that fails releases its version too', async () => {
  const { live, closed } = newStage()
  await live.swap(version(1))
  const failing = live.use('house-price', () => Promise.reject(new Error('rows are wrong')))
  await live.swap(version(2))
  await assert.rejects(failing, /rows are wrong/)
  assert.deepEqual(closed, ['package-1'])
})

test('while a version loads, the one before answers', async () => {
  const { live, hold } = newStage()
  await live.swap(version(1))
  const release = hold('package-2')
  const swapping = live.swap(version(2))
  assert.equal(await answering(live), 1)
  release()
  await swapping
  assert.equal(await answering(live), 2)
})

test('a version that cannot be had, loaded or asked leaves the one before live', async () => {
  const { live, closed, failToLoad, failToPredict } = newStage()
  await live.swap(version(1))
  failToLoad('package-2')
  await assert.rejects(live.swap(version(2)), /damaged/)
  failToPredict('package-3')
  await assert.rejects(live.swap(version(3)), /does not answer/)
  assert.equal(await answering(live), 1)
  // What had been loaded is not left behind.
  assert.deepEqual(closed, ['package-3'])
})

test('the same package under another number is not loaded again', async () => {
  const { live, loaded, closed } = newStage()
  await live.swap(version(1, { digest: 'same' }))
  const request = beginRequest(live)
  await live.swap(version(2, { digest: 'same' }))
  assert.equal(await answering(live), 2)
  request.end()
  await request.answer
  assert.deepEqual([loaded, closed], [['same'], []])
})

test('an equal or lower generation is ignored; a former version with a higher one is a rollback', async () => {
  const { live, loaded } = newStage()
  await live.swap(version(2, { generation: 5 }))
  await live.swap(version(1, { generation: 4 }))
  await live.swap(version(3, { generation: 5 }))
  assert.equal(await answering(live), 2)
  assert.deepEqual(loaded, ['package-2'])
  await live.swap(version(1, { generation: 6 }))
  assert.equal(await answering(live), 1)
})

test('of swaps at the same time the highest generation stays, whichever ends first, and the others are closed', async () => {
  const { live, closed, hold } = newStage()
  await live.swap(version(1))
  const release = hold('package-2')
  const slow = live.swap(version(2))
  await Promise.all([live.swap(version(3)), live.swap(version(3))])
  assert.equal(await answering(live), 3)
  release()
  await slow
  assert.equal(await answering(live), 3)
  assert.deepEqual(closed.toSorted(), ['package-1', 'package-2', 'package-3'])
})

test('a predictor that does not close costs nobody their answer, and is told', async () => {
  const { live, warnings, failToClose } = newStage()
  failToClose('package-1')
  await live.swap(version(1))
  const request = beginRequest(live)
  await live.swap(version(2))
  request.end()
  assert.equal(await request.answer, 1)
  assert.equal(await answering(live), 2)
  assert.match(warnings.join('\n'), /house-price: .*it does not close/)
})

test('a model that is taken out answers the requests under way, and no more', async () => {
  const { live, closed } = newStage()
  await live.swap(version(1))
  const request = beginRequest(live)
  live.remove('house-price')
  live.remove('house-price')
  await assert.rejects(answering(live), { code: 'model-not-live' })
  assert.deepEqual(closed, [])
  request.end()
  assert.equal(await request.answer, 1)
  assert.deepEqual(closed, ['package-1'])
})

test('what is given up counts as under way until nothing of it is, and is told of', async () => {
  const told: string[] = []
  const live = createLiveSet({
    now: () => new Date(),
    log: { warn: (message) => assert.fail(message) },
    fetchPackage: (digest) => Promise.resolve({ folder: digest, manifest: manifestOf(digest) }),
    load: () => Promise.resolve({ predict: ({ rows }) => Promise.resolve({ task: 'regression', values: new Float64Array(rows) }), close: () => Promise.resolve() }),
    onGivenUp: (model, why) => {
      told.push(`${model} ${why}`)
      return () => told.push(`${model} over`)
    },
  })
  await live.swap(version(1))
  const requests = Array.from({ length: 64 }, () => {
    const want = createWant()
    const { promise: begun, resolve: begin } = promised()
    const { promise: until, resolve: end } = promised()
    const answer = live.use(
      'house-price',
      () => {
        begin()
        return until
      },
      { want },
    )
    return { want, begun, end, answer }
  })
  await Promise.all(requests.map(({ begun }) => begun))
  const [first, second] = requests
  assert.ok(first !== undefined && second !== undefined)
  await assert.rejects(answering(live), { code: 'model-busy' })
  first.want.giveUp(refitError('caller-left', { model: 'house-price' }))
  await assert.rejects(first.answer, { code: 'caller-left' })
  second.want.giveUp(refitError('prediction-timeout', { model: 'house-price', seconds: 30 }))
  await assert.rejects(second.answer, { code: 'prediction-timeout' })
  assert.deepEqual(told, ['house-price left', 'house-price deadline'])
  // Nobody waits for them, and they still take the place of two.
  await assert.rejects(answering(live), { code: 'model-busy' })
  first.end()
  await new Promise(setImmediate)
  assert.deepEqual(told.slice(2), ['house-price over'])
  assert.equal(await answering(live), 1)
  for (const { end } of requests) end()
  await Promise.all(requests.slice(2).map(({ answer }) => answer))
  assert.deepEqual(told.slice(3), ['house-price over'])
})

test('who goes before the turn has come is not asked for', async () => {
  const { live } = newStage()
  await live.swap(version(1))
  const want = createWant()
  const answer = live.use('house-price', () => assert.fail('asked'), { want })
  want.giveUp(refitError('caller-left', { model: 'house-price' }))
  await assert.rejects(answer, { code: 'caller-left' })
  await new Promise(setImmediate)
  assert.equal(await answering(live), 1)
})

test('who is let in before the body is read takes one place, from then on, and gives it back where nothing is asked', async () => {
  const { live } = newStage()
  assert.equal(live.enter('house-price'), undefined)
  await live.swap(version(1))
  const places = Array.from({ length: 64 }, () => live.enter('house-price'))
  assert.throws(() => live.enter('house-price'), { code: 'model-busy' })
  const [first, second] = places
  assert.ok(first !== undefined && second !== undefined)
  await first.turn()
  assert.equal(await live.use('house-price', (_live, predictor) => predictor.predict({ rows: 1, columns: {} }).then(() => 7), { place: first }), 7)
  // Its answer has given it back; that its connection closes later gives back no other.
  first.giveBack()
  const next = live.enter('house-price')
  assert.ok(next !== undefined)
  assert.throws(() => live.enter('house-price'), { code: 'model-busy' })
  second.giveBack()
  second.giveBack()
  assert.ok(live.enter('house-price') !== undefined)
  assert.throws(() => live.enter('house-price'), { code: 'model-busy' })
})

test('whose caller leaves before the turn has come is told so, and keeps the place until what is under way has ended', async () => {
  const { live } = newStage()
  await live.swap(version(1))
  const want = createWant()
  const place = live.enter('house-price', want)
  assert.ok(place !== undefined)
  want.giveUp(refitError('caller-left', { model: 'house-price' }))
  await assert.rejects(place.turn(), { code: 'caller-left' })
  const { promise: until, resolve: end } = promised()
  const places = Array.from({ length: 63 }, () => live.enter('house-price'))
  assert.ok(places.every((each) => each !== undefined))
  place.giveBack()
  const asked = live.enter('house-price')
  assert.ok(asked !== undefined)
  const answer = live.use('house-price', () => until, { place: asked })
  // As when its connection closes in the midst of an answer.
  asked.giveBack()
  assert.throws(() => live.enter('house-price'), { code: 'model-busy' })
  end()
  await answer
  assert.ok(live.enter('house-price') !== undefined)
})

test('a crowd that was let in before overload showed is refused while it waits, and not asked for', async () => {
  const { live } = newStage()
  await live.swap(version(1))
  const compute = (): Promise<void> => {
    const end = performance.now() + 5
    while (performance.now() < end);
    return Promise.resolve()
  }
  await live.use('house-price', compute)
  const asked = new Set<number>()
  const crowd = Array.from({ length: 64 }, (_, place) =>
    live
      .use('house-price', () => {
        asked.add(place)
        return compute()
      })
      .then(
        () => 'answered',
        (error: unknown) => (error instanceof RefitError ? error.code : error),
      ),
  )
  const others: Promise<unknown>[] = []
  const coming = setInterval(() => {
    for (let count = 0; count < 10; count += 1) others.push(live.use('house-price', compute).catch(() => undefined))
  }, 1)
  const outcomes = await Promise.all(crowd)
  clearInterval(coming)
  await Promise.all(others)
  assert.deepEqual(new Set(outcomes), new Set(['answered', 'model-busy']))
  for (const [place, outcome] of outcomes.entries()) assert.equal(asked.has(place), outcome === 'answered')
})

test('who has gone before being asked for is not asked for', async () => {
  const { live } = newStage()
  await live.swap(version(1))
  const want = createWant()
  want.giveUp(refitError('caller-left', { model: 'house-price' }))
  await assert.rejects(live.use('house-price', () => assert.fail('asked'), { want }), { code: 'caller-left' })
})

function promised(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let settle: () => void = () => undefined
  const promise = new Promise<void>((resolve) => (settle = resolve))
  return { promise, resolve: () => settle() }
}
