import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Value } from 'typebox/value'
import type { StoredDeployment } from '../define/stored-deployment.js'
import { xoshiro128 } from '../evaluation/random.js'
import { compare, type Comparison } from './compare.js'
import { mergedFigures, noFigures, StepFigures, type ArmFigures } from './figures.js'
import { addHeld, growthOf, noMemory, type Memory } from './memory.js'

const MB = 1_000_000
const limits: StoredDeployment = { kind: 'canary', steps: [0.1], milliseconds: 60_000, minimumRequests: 100, errors: 0.01, refusals: 0.01, latency: 2, shift: 0.5, spread: 2 }

/** What a version holds after each of its requests, in bytes, before anything is collected. */
type Holds = (request: number) => number

/** As serving hears of it: seldom, and with what is not collected yet, up to 40 MB of it. */
function memoryOf(holds: Holds, { requests = 400, heardEvery = 7, seed = 1 } = {}): Memory {
  const draw = xoshiro128(seed)
  const memory = noMemory()
  let heard = 0
  for (let request = 0; request < requests; request += 1) {
    if (request % heardEvery === 0) heard = holds(request) + (draw() / 2 ** 32) * 40 * MB
    addHeld(memory, heard)
  }
  return memory
}

function arm(memory: Memory | undefined): ArmFigures {
  return { ...noFigures().champion, requests: 400, ...(memory === undefined ? {} : { memory }) }
}

interface Beside {
  readonly champion?: Memory
  readonly memoryBytes?: number
  readonly isLast?: boolean
}

function compared(challenger: Memory | undefined, { champion = memoryOf(() => 60 * MB), memoryBytes, isLast = true }: Beside = {}): Comparison | undefined {
  const figures: StepFigures = { ...noFigures(), champion: arm(champion), challenger: arm(challenger) }
  return compare(memoryBytes === undefined ? limits : { ...limits, memoryBytes }, figures, { z: 3, isLast }).find(({ what }) => what === 'memory')
}

/** Those of 40 seeds in which a version that holds this is taken for one that leaks. */
function leaks(holds: Holds, options: { readonly requests?: number; readonly heardEvery?: number } = {}): readonly number[] {
  return Array.from({ length: 40 }, (_, seed) => seed + 1).filter((seed) => compared(memoryOf(holds, { ...options, seed }))?.harmful === true)
}

const leaking: Holds = (request) => (60 + request) * MB

test('a version that keeps a megabyte of every request is found, however seldom serving hears of it', () => {
  for (const heardEvery of [1, 7, 20]) assert.equal(leaks(leaking, { heardEvery }).length, 40, String(heardEvery))
  for (const requests of [500, 1000, 20_000]) assert.equal(leaks(leaking, { requests, heardEvery: Math.ceil(requests / 40) }).length, 40, String(requests))
})

test('what is no leak is not taken for one: waste, a model that loads as it goes, a cache that fills', () => {
  const others: Readonly<Record<string, Holds>> = {
    'it wastes much, and all of it is collected': (request) => (60 + 10 * (request % 30)) * MB,
    'it loads a large part at its 200th request': (request) => (request < 200 ? 60 : 700) * MB,
    'it loads two parts': (request) => (request < 180 ? 60 : request < 290 ? 700 : 1400) * MB,
    'it fills a cache, which is full when five eighths are over': (request) => (60 + 4 * Math.min(request, 250)) * MB,
    'it fills a cache of what callers ask, ever more seldom something new': (request) => (60 + 800 * (1 - Math.exp(-request / 100))) * MB,
    'it shrinks': (request) => (900 - 2 * request) * MB,
  }
  for (const [what, holds] of Object.entries(others)) assert.deepEqual(leaks(holds), [], what)
})

test('while a step lasts nothing is taken for a leak: it may be a cache that is not full yet', () => {
  const filling = memoryOf((request) => (60 + 4 * Math.min(request, 150)) * MB, { requests: 150 })
  assert.deepEqual([compared(filling, { isLast: false })?.harmful, compared(filling)?.harmful], [false, true])
})

test('much waste is seldom taken for a leak by chance', () => {
  const taken = Array.from({ length: 1000 }, (_, seed) => seed + 1).filter((seed) => {
    const draw = xoshiro128(seed)
    const memory = noMemory()
    for (let request = 1; request <= 100; request += 1) addHeld(memory, (60 + (draw() % 600)) * MB)
    return compared(memory)?.harmful === true
  })
  assert.ok(taken.length <= 1, `seeds ${taken.join(', ')}`)
})

test('little growth does no harm, and a large model may grow by more', () => {
  const slowly: Holds = (request) => (60 + request / 5) * MB
  assert.equal(compared(memoryOf(slowly, { heardEvery: 1 }))?.harmful, false)
  const large: Holds = (request) => (2000 + request) * MB
  assert.equal(compared(memoryOf(large))?.harmful, false)
  assert.equal(compared(memoryOf(large), { memoryBytes: 100 * MB })?.harmful, true)
})

test('what the champion grows by as well is no harm', () => {
  assert.equal(compared(memoryOf(leaking), { champion: memoryOf(leaking, { seed: 2 }) })?.harmful, false)
})

test('a champion without memory of its own is one that does not grow, and without any of the version nothing is said', () => {
  const figures: StepFigures = { ...noFigures(), champion: arm(undefined), challenger: arm(memoryOf(leaking)) }
  const found = compare(limits, figures, { z: 3, isLast: true }).find(({ what }) => what === 'memory')
  assert.equal(found?.harmful, true)
  assert.match(found?.text ?? '', /^its memory has grown steadily by [\d.]+ MB to [\d.]+ MB, and the champion's by 0 MB, where 128 MB may be$/)
  assert.equal(compared(undefined), undefined)
  assert.equal(compared(memoryOf(leaking, { requests: 10 })), undefined)
})

test('of several serving processes the one counts in which it grows most, and what was written down before is read', () => {
  const of = (holds: Holds): StepFigures => ({ ...noFigures(), challenger: arm(memoryOf(holds)) })
  const merged = mergedFigures([of(() => 60 * MB), of(leaking), of(() => 60 * MB)])
  const { memory } = merged.challenger
  assert.deepEqual(memory, memoryOf(leaking))
  assert.ok(Value.Check(StepFigures, JSON.parse(JSON.stringify(merged))))
  assert.ok(Value.Check(StepFigures, JSON.parse(JSON.stringify(noFigures()))))
  assert.ok(memory !== undefined && growthOf(memory)?.isSteady === true)
})
