import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredDeployment } from '../define/stored-deployment.js'
import { xoshiro128 } from '../evaluation/random.js'
import { decide, type Decision } from './decide.js'
import { noFigures, type ArmFigures, type StepFigures } from './figures.js'
import { cellOf } from './latencies.js'
import { addRequest, noMoments, type Moments } from './moments.js'

const deployment: StoredDeployment = { kind: 'canary', steps: [0.1, 0.5], milliseconds: 60_000, minimumRequests: 100, errors: 0.01, refusals: 0.01, latency: 2, shift: 0.5, spread: 2 }

/** How a version answers: what it makes of the truth of a row, how long it takes, and what becomes of a request. */
interface Kind {
  readonly predict: (truth: number, chance: () => number) => number
  readonly milliseconds?: number
  readonly errors?: number
  readonly refusals?: number
}

const good: Kind = { predict: (truth, chance) => truth * (1 + 0.05 * normal(chance)), errors: 0.005, refusals: 0.02 }
const bad: Readonly<Record<string, Kind>> = {
  'always throws': { ...good, errors: 1 },
  'throws for one in ten, or answers NaN': { ...good, errors: 0.1 },
  'is refused what its callers send': { ...good, refusals: 1 },
  'is four times as slow': { ...good, milliseconds: 60 },
  'is off by one and a half deviations': { ...good, predict: (truth, chance) => good.predict(truth, chance) + 1.5 },
  'always answers the same': { ...good, predict: () => 3 },
  'answers four times as far from the mean': { ...good, predict: (truth, chance) => 3 + 4 * (good.predict(truth, chance) - 3) },
}

/** By Box and Muller (1958). */
function normal(chance: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance())
}

/** Rows of callers who resemble themselves: log-normal, of mean about 3 and deviation about 1. */
function rowsOf(chance: () => number): readonly number[] {
  const level = normal(chance)
  return Array.from({ length: 1 + Math.floor(chance() * 4) }, () => Math.exp(1.05 + 0.3 * (0.8 * level + 0.6 * normal(chance))))
}

function record(arm: ArmFigures, kind: Kind, rows: readonly number[], chance: () => number): readonly number[] | undefined {
  arm.requests += 1
  if (chance() < (kind.refusals ?? 0)) {
    arm.refused += 1
    return undefined
  }
  const cell = cellOf((kind.milliseconds ?? 15) * Math.exp(0.4 * normal(chance)))
  arm.latencies[cell] = (arm.latencies[cell] ?? 0) + 1
  if (chance() < (kind.errors ?? 0)) {
    arm.errors += 1
    return undefined
  }
  const predictions = rows.map((truth) => kind.predict(truth, chance))
  addRequest(momentsOf(arm.predictions, predictions[0] ?? 0), predictions)
  return predictions
}

function momentsOf(by: Record<string, Moments>, origin: number): Moments {
  const moments = by[''] ?? noMoments(origin)
  by[''] = moments
  return moments
}

interface Traffic {
  readonly seed: number
  /** Share of the requests that the challenger answers; undefined: all are mirrored. */
  readonly share?: number
  readonly requests: number
  /** How many requests lie between two looks. */
  readonly every: number
}

/** One step with this version as challenger, looked at again and again as in service, until something else than going on is decided. */
function simulate(kind: Kind, { seed, share, requests, every }: Traffic): { readonly decision: Decision; readonly looks: number; readonly figures: StepFigures } {
  const draw = xoshiro128(seed)
  const chance = (): number => draw() / 2 ** 32
  const figures = noFigures()
  const step = share === undefined ? ({ kind: 'shadow', milliseconds: 60_000 } as const) : ({ kind: 'canary', share, milliseconds: 60_000 } as const)
  for (let looks = 1; ; looks += 1) {
    for (let request = 0; request < every; request += 1) {
      const rows = rowsOf(chance)
      if (share === undefined) {
        const before = record(figures.champion, good, rows, chance)
        const after = record(figures.challenger, kind, rows, chance)
        if (before !== undefined && after !== undefined) addRequest(momentsOf(figures.differences, 0), after.map((value, row) => value - (before[row] ?? 0)))
      } else if (chance() < share) record(figures.challenger, kind, rows, chance)
      else record(figures.champion, good, rows, chance)
    }
    const decision = decide({ deployment, step, figures, elapsed: (60_000 * looks * every) / requests })
    if (decision.kind !== 'go-on') return { decision, looks, figures }
  }
}

test('a version that is as good as the champion is seldom rolled back, however often it is looked at', () => {
  const counts = (share: number | undefined): number => Array.from({ length: 300 }, (_, seed) => simulate(good, { seed: seed + 1, ...(share === undefined ? {} : { share }), requests: 2400, every: 40 })).filter(({ decision }) => decision.kind === 'roll-back').length
  const rolledBack = { shadow: counts(undefined), tenth: counts(0.1), half: counts(0.5) }
  // 3 of 900 at most: what is let through is counted, not hoped for.
  assert.ok(rolledBack.shadow + rolledBack.tenth + rolledBack.half <= 3, JSON.stringify(rolledBack))
})

for (const [what, kind] of Object.entries(bad)) {
  test(`a version that ${what} is rolled back within its first step, mirrored or with a tenth of the traffic`, () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      for (const share of [undefined, 0.1]) {
        const { decision, figures } = simulate(kind, { seed, ...(share === undefined ? {} : { share }), requests: 4000, every: 40 })
        assert.equal(decision.kind, 'roll-back', `seed ${seed}, ${share ?? 'shadow'}: ${decision.because} ${JSON.stringify(decision.comparisons)}`)
        assert.ok(figures.challenger.requests <= 4000)
      }
    }
  })
}

test('what always fails is found long before the step has the requests that it needs', () => {
  const { looks, figures } = simulate({ ...good, errors: 1 }, { seed: 1, share: 0.1, requests: 4000, every: 40 })
  assert.ok(looks <= 4 && figures.challenger.requests < deployment.minimumRequests, `${looks} looks, ${figures.challenger.requests} requests`)
})

test('a version that cannot be loaded, or has died, is rolled back without a single request', () => {
  const { kind, because } = decide({ deployment, step: { kind: 'canary', share: 0.1, milliseconds: 60_000 }, figures: { ...noFigures(), failed: 'the package is damaged' }, elapsed: 10 })
  assert.deepEqual([kind, because], ['roll-back', 'It cannot answer: the package is damaged.'])
})

test('a step with too little traffic waits and says so, and goes on where the traffic has come', () => {
  const step = { kind: 'canary', share: 0.1, milliseconds: 60_000 } as const
  const { figures } = simulate(good, { seed: 7, share: 0.1, requests: 400, every: 400 })
  const few = decide({ deployment, step, figures, elapsed: 60_000 })
  assert.equal(few.kind, 'wait-for-traffic')
  assert.match(few.because, /has \d+ requests and the champion \d+, where each needs 100/)
  assert.equal(decide({ deployment: { ...deployment, minimumRequests: 20 }, step, figures, elapsed: 60_000 }).kind, 'step-over')
  assert.equal(decide({ deployment, step, figures, elapsed: 59_999 }).kind, 'go-on')
})

test('where the same row is asked again and again, nothing is said of how predictions are spread', () => {
  const figures = noFigures()
  const chance = (): number => 0.5
  for (let request = 0; request < 200; request += 1) {
    record(figures.champion, { predict: () => 5 }, [1], chance)
    record(figures.challenger, { predict: () => 5.2 }, [1], chance)
  }
  const { kind, comparisons } = decide({ deployment, step: { kind: 'canary', share: 0.5, milliseconds: 1 }, figures, elapsed: 1 })
  assert.deepEqual([kind, comparisons.map(({ what }) => what)], ['step-over', ['errors', 'refusals', 'latency']])
})
