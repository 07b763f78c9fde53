import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RefitError } from '../errors.js'
import { createAdmission, type Admission } from './admission.js'

/** What became of requests that came for a while. */
interface Outcome {
  readonly refused: number
  /** Of each request that was let in, milliseconds. */
  readonly took: readonly number[]
}

/**
 * Lets a request come every so many milliseconds, or a crowd of them, on a clock of its own. A model answers `atOnce` requests
 * at a time, each in `service` milliseconds; the others wait in a line.
 */
function simulate({ every, crowd = 1, service, atOnce, seconds }: { every: number; crowd?: number; service: number; atOnce: number; seconds: number }, admission?: { readonly at: { now: number }; readonly admission: ReturnType<typeof createAdmission> }): Outcome {
  const { at, admission: used } = admission ?? newAdmission()
  const freeAt = Array.from({ length: atOnce }, () => at.now)
  const ends: { readonly at: number; readonly leave: ReturnType<Admission['enter']> }[] = []
  const took: number[] = []
  let refused = 0
  const until = at.now + seconds * 1000
  for (let arrival = at.now; arrival < until; arrival += every) {
    // All take the same time, so that they end in the order in which they came.
    while ((ends[0]?.at ?? Infinity) <= arrival) {
      const next = ends.shift()
      at.now = next?.at ?? at.now
      next?.leave('answered')
    }
    at.now = arrival
    for (let caller = 0; caller < crowd; caller += 1) {
      try {
        const leave = used.enter('model')
        const place = freeAt.indexOf(Math.min(...freeAt))
        const end = Math.max(arrival, freeAt[place] ?? 0) + service
        freeAt[place] = end
        took.push(end - arrival)
        ends.push({ at: end, leave })
      } catch {
        refused += 1
      }
    }
  }
  for (const { at: end, leave } of ends) {
    at.now = end
    leave('answered')
  }
  return { refused, took }
}

function newAdmission(): { at: { now: number }; admission: ReturnType<typeof createAdmission> } {
  const at = { now: 0 }
  return { at, admission: createAdmission(() => at.now) }
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? Number.NaN
}

test('a model that keeps up refuses nobody, also when its callers come in crowds of 64', () => {
  assert.equal(simulate({ every: 6, service: 5, atOnce: 1, seconds: 20 }).refused, 0)
  const { at, admission } = newAdmission()
  for (let crowd = 0; crowd < 20; crowd += 1) {
    const leaves = Array.from({ length: 64 }, () => admission.enter('model'))
    for (const leave of leaves) {
      at.now += 5
      leave('answered')
    }
    at.now += 100
  }
})

test('at ten times what it answers, those let in take less than twice as long as one alone, and it hardly ever rests', () => {
  const { refused, took } = simulate({ every: 0.5, service: 5, atOnce: 1, seconds: 60 })
  assert.ok(percentile(took, 0.99) <= 10, `${percentile(took, 0.99)} ms`)
  assert.ok(took.length >= 0.85 * 12_000, `${took.length} answered`)
  assert.equal(refused + took.length, 120_000)
})

test('a model that waits for something else is asked by as many at once as it takes', () => {
  const { took } = simulate({ every: 0.25, service: 50, atOnce: 100, seconds: 60 })
  // It could answer 2,000 a second, and 4,000 come.
  assert.ok(took.length >= 0.8 * 120_000, `${took.length} answered`)
  assert.ok(percentile(took, 0.99) <= 100, `${percentile(took, 0.99)} ms`)
})

test('a model that is asked in pairs, and rests between them, refuses nobody after an overload either', () => {
  for (const crowd of [2, 3, 10]) {
    const kept = newAdmission()
    simulate({ every: 0.5, service: 5, atOnce: 1, seconds: 10 }, kept)
    kept.at.now += 500
    const asCrowds = { every: 100, crowd, service: 5, atOnce: 1 }
    simulate({ ...asCrowds, seconds: 5 }, kept)
    assert.equal(simulate({ ...asCrowds, seconds: 20 }, kept).refused, 0, `crowds of ${crowd}`)
  }
})

test('what a request takes in a crowd is not taken for what it takes alone', () => {
  const kept = newAdmission()
  for (let crowd = 0; crowd < 20; crowd += 1) {
    const leaves = Array.from({ length: 64 }, () => kept.admission.enter('model'))
    // All are answered together, as by a model that shares its time among them.
    kept.at.now += 320
    for (const leave of leaves) leave('answered')
    kept.at.now += 100
  }
  simulate({ every: 0.5, service: 5, atOnce: 1, seconds: 10 }, kept)
  const { took } = simulate({ every: 0.5, service: 5, atOnce: 1, seconds: 60 }, kept)
  assert.ok(percentile(took, 0.99) <= 10, `${percentile(took, 0.99)} ms`)
})

test('what is refused for its rows, at once, is not taken for what an answer takes', () => {
  const kept = newAdmission()
  const { at, admission } = kept
  for (let request = 0; request < 1000; request += 1) {
    const leave = admission.enter('model')
    at.now += request % 10 === 0 ? 50 : 0.1
    leave(request % 10 === 0 ? 'answered' : 'refused')
    at.now += 10
  }
  const { took } = simulate({ every: 0.25, service: 50, atOnce: 100, seconds: 60 }, kept)
  assert.ok(took.length >= 0.8 * 120_000, `${took.length} answered`)
})

test('who is refused is told when those under way will have been answered', () => {
  const { at, admission } = newAdmission()
  const refusal = (): number | undefined => {
    try {
      admission.expect('model')
    } catch (error) {
      assert.ok(error instanceof RefitError)
      return error.retryAfterSeconds
    }
    return undefined
  }
  const leaves = Array.from({ length: 64 }, () => admission.enter('model'))
  assert.equal(refusal(), 1)
  // One after another, each in 200 ms.
  for (const leave of leaves.splice(0, 32)) {
    at.now += 200
    leave('answered')
    admission.enter('model')
  }
  assert.equal(refusal(), 13)
  // Nothing comes any more: then nobody knows, but not for ever.
  at.now += 60_000
  assert.equal(refusal(), 30)
})

test('when an overload is over nobody is refused any more', () => {
  const kept = newAdmission()
  simulate({ every: 0.5, service: 5, atOnce: 1, seconds: 10 }, kept)
  kept.at.now += 500
  simulate({ every: 10, service: 5, atOnce: 1, seconds: 1 }, kept)
  assert.equal(simulate({ every: 6, service: 5, atOnce: 1, seconds: 20 }, kept).refused, 0)
})

test('what is refused early is what would be refused, and names that nobody has asked are refused nothing', () => {
  const { admission } = newAdmission()
  admission.expect('model')
  const leaves = Array.from({ length: 64 }, () => admission.enter('model'))
  assert.throws(() => admission.expect('model'), { code: 'model-busy', status: 429 })
  assert.throws(() => admission.enter('model'), { code: 'model-busy' })
  admission.expect('other')
  leaves[0]?.('answered')
  admission.expect('model')
})

test('an overload does not end for that bodies are awaited: few more are read than answered', () => {
  const { at, admission } = newAdmission()
  const coming: { readonly at: number; readonly came: () => void }[] = []
  const ends: { readonly at: number; readonly leave: ReturnType<Admission['enter']> }[] = []
  let [read, answered, freeAt] = [0, 0, 0]
  // Ten times what a model answers that takes 10 ms, each with a body that takes 30 ms to come; what happens in the first two seconds is not counted.
  for (; at.now < 20_000; at.now += 1) {
    while ((ends[0]?.at ?? Infinity) <= at.now) {
      ends.shift()?.leave('answered')
      if (at.now > 2000) answered += 1
    }
    while ((coming[0]?.at ?? Infinity) <= at.now) {
      coming.shift()?.came()
      if (at.now > 2000) read += 1
      try {
        const leave = admission.enter('model')
        freeAt = Math.max(at.now, freeAt) + 10
        ends.push({ at: freeAt, leave })
      } catch {
        // Read for nothing.
      }
    }
    try {
      coming.push({ at: at.now + 30, came: admission.expect('model') })
    } catch {
      // Refused before its body is read.
    }
  }
  assert.ok(answered > 300 && read < 1.5 * answered, `${read} read, ${answered} answered`)
})

test('a crowd that shows to be an overload is refused while it waits, but for those that are answered next', () => {
  const { at, admission } = newAdmission()
  for (let count = 0; count < 20; count += 1) {
    const leave = admission.enter('model')
    at.now += 10
    leave('answered')
  }
  const line: { readonly came: number; readonly leave: ReturnType<Admission['enter']>; refused: boolean }[] = []
  let [refusedAtOnce, refusedLater] = [0, 0]
  const took: number[] = []
  // A thousand a second come, one by one, where a hundred are answered.
  const began = at.now
  for (let freeAt = at.now + 10; at.now < began + 10_000; at.now += 1) {
    try {
      const waiting = {
        came: at.now,
        refused: false,
        leave: admission.enter('model', ({ code }) => {
          assert.equal(code, 'model-busy')
          refusedLater += 1
          waiting.refused = true
        }),
      }
      line.push(waiting)
    } catch {
      refusedAtOnce += 1
    }
    if (at.now < freeAt) continue
    for (let next = line.shift(); next !== undefined; next = line.shift()) {
      next.leave(next.refused ? 'refused' : 'answered')
      if (next.refused) continue
      took.push(at.now - next.came)
      freeAt = at.now + 10
      break
    }
  }
  assert.ok(refusedLater > 40 && refusedLater < 64, `${refusedLater} while they waited, ${refusedAtOnce} at once`)
  const late = took.filter((milliseconds) => milliseconds > 20).length
  assert.ok(took.length > 900 && late < 30, `${late} of ${took.length} late`)
})

test('in overload as many bodies are awaited as may be under way, but for those that are slow to come', () => {
  const kept = newAdmission()
  const { at, admission } = kept
  const many = Array.from({ length: 100 }, () => admission.expect('model'))
  for (const came of many) came()
  simulate({ every: 0.5, service: 5, atOnce: 1, seconds: 10 }, kept)
  const came = admission.expect('model')
  assert.throws(() => admission.expect('model'), { code: 'model-busy' })
  came()
  admission.expect('model')
  assert.throws(() => admission.expect('model'), { code: 'model-busy' })
  at.now += 300
  admission.expect('model')
})
