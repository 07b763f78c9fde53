import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredColumn } from '../../define/stored-definition.js'
import { LEVELS, type ColumnProfile, type DropProfile } from '../drop-profile-format.js'
import { implausibilities } from './plausibility.js'
import type { AcceptedDrop } from './reference.js'

const seed = Number(process.env['REFIT_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const DAY = 86_400_000
const WEEK = 7 * DAY

/** Mulberry32 (Tommy Ettinger, public domain). */
function randomFrom(start: number): () => number {
  let state = start >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
const random = randomFrom(seed)
const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
const some = <T>(count: number, make: (index: number) => T): readonly T[] => Array.from({ length: count }, (_, index) => make(index))

function numbers(values: readonly (number | undefined)[]): ColumnProfile {
  const sorted = values.filter((value) => value !== undefined).toSorted((one, other) => one - other)
  const at = (level: number): number => sorted[Math.max(0, Math.ceil(level * sorted.length) - 1)] ?? 0
  return { kind: 'number', missing: values.length - sorted.length, min: at(0), max: at(1), mean: 0, sd: 0, quantiles: LEVELS.map(at) }
}

function categories(values: readonly string[]): ColumnProfile {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return { kind: 'category', missing: 0, counted: values.length, distinct: counts.size, values: [...counts] }
}

function times(from: number, until: number): ColumnProfile {
  return { kind: 'time', missing: 0, oldest: from, early: from, median: (from + until) / 2, late: until, newest: until }
}

/** A drop of one column, `x`; rows are told apart by numbers in [0, 1). */
function drop(x: ColumnProfile, rows: number, options: { readonly arrivedAt?: number; readonly hashes?: readonly number[]; readonly letThrough?: readonly string[] } = {}): AcceptedDrop {
  const all = [...new Set((options.hashes ?? some(rows, random)).map((hash) => hash * 2 ** 48))].toSorted((one, other) => one - other)
  const sketch = { of: 'test', hashes: all.slice(0, 256), below: all[256] ?? 2 ** 48 }
  const profile: DropProfile = { formatVersion: 1, rows, columns: { x }, sketch, ...(options.letThrough === undefined ? {} : { letThrough: [...options.letThrough] }) }
  return { id: 'm-d1', key: 'a.csv', arrivedAt: new Date(options.arrivedAt ?? 0), profile }
}

/** The codes of what is implausible. */
function codes(arrived: AcceptedDrop, history: readonly AcceptedDrop[], type: StoredColumn['type'] = 'number'): readonly string[] {
  const rules = { columns: { x: { type, role: 'feature', optional: true } }, plausibility: { level: 'standard', columns: {} }, rowsMayRepeat: false } as const
  return implausibilities(arrived, history, rules).map(({ code }) => code).toSorted(compareTexts)
}

function compareTexts(one: string, other: string): number {
  return one < other ? -1 : 1
}

const normals = (rows: number, mean = 0, sd = 1): AcceptedDrop => drop(numbers(some(rows, () => mean + sd * normal())), rows)

test(`drops of one source are plausible whatever their size, and a small shift is so in a huge drop (seed ${seed})`, () => {
  let judged = 0
  for (let series = 0; series < 25; series += 1) {
    const history: AcceptedDrop[] = []
    for (let index = 0; index < 40; index += 1) {
      // From one row to a thousand, most of them small; skewed like prices.
      const rows = Math.ceil(1000 ** random())
      const arrived = drop(numbers(some(rows, () => Math.exp(normal()))), rows)
      assert.deepEqual(codes(arrived, history), [], `series ${series}, drop ${index} of ${rows} rows`)
      history.push(arrived)
      judged += 1
    }
  }
  assert.equal(judged, 1000)
  const huge = some(20, () => normals(20_000))
  assert.deepEqual(codes(normals(20_000, 0.3), huge), [])
  assert.deepEqual(codes(normals(20_000, 1.5), huge), ['implausible-values'])
})

test('values that lie elsewhere are told from ten rows on, also when only half of them do', () => {
  const history = some(12, () => normals(200))
  assert.deepEqual(codes(normals(12, 8), history), ['implausible-values'])
  assert.deepEqual(codes(normals(3, 8), history), [])
  const half = drop(numbers(some(300, (index) => (index % 2 === 0 ? 100 : 1) * (5 + normal()))), 300)
  assert.deepEqual(codes(half, some(12, () => normals(200, 5))), ['implausible-extremes', 'implausible-values'])
})

test('nothing is compared before five drops and a hundred rows are known', () => {
  assert.deepEqual(codes(normals(200, 50), some(4, () => normals(200))), [])
  assert.deepEqual(codes(normals(200, 50), some(9, () => normals(10))), [])
  assert.deepEqual(codes(normals(200, 3), some(5, () => normals(200))), ['implausible-values'])
})

test('a column that wanders or grows by its nature is compared with its own habits', () => {
  const growing: AcceptedDrop[] = []
  let walk = 0
  for (let index = 0; index < 60; index += 1) {
    walk += 0.3 * normal()
    const arrived = normals(300, index * 5 + walk)
    assert.deepEqual(codes(arrived, growing), [], `drop ${index}`)
    growing.push(arrived)
  }
})

test('an odd drop that was accepted does not make others like it usual', () => {
  const history = [...some(4, () => normals(200)), normals(200, 10), ...some(4, () => normals(200))]
  assert.deepEqual(codes(normals(200, 10), history), ['implausible-values'])
  assert.deepEqual(codes(normals(200), history), [])
})

test('what a person let through is plausible from then on, in that column, and nothing else is', () => {
  const released = drop(numbers(some(200, () => 10 + normal())), 200, { letThrough: ['x'] })
  const history = [...some(20, () => normals(200)), released]
  assert.deepEqual(codes(normals(200, 10), history), [])
  assert.deepEqual(codes(normals(200, 100), history), ['implausible-extremes', 'implausible-values'])
  assert.deepEqual(codes(normals(200, 10), [...history.slice(0, -1), drop(released.profile.columns['x'] ?? numbers([]), 200, { letThrough: ['y'] })]), ['implausible-values'])
})

test('missing values are told when they are more than usual', () => {
  const withMissing = (share: number): AcceptedDrop => drop(numbers(some(200, () => (random() < share ? undefined : normal()))), 200)
  assert.deepEqual(codes(withMissing(0.5), some(10, () => withMissing(0.02))), ['implausible-missing'])
  assert.deepEqual(codes(withMissing(0.02), some(10, () => withMissing(0.5))), [])
  assert.deepEqual(codes(withMissing(0.6), some(30, () => withMissing(random()))), [])
})

test('categories that are new, renamed or of other shares are told, and not where ever new ones come by nature', () => {
  const of = (...names: readonly string[]): AcceptedDrop => drop(categories(some(300, (index) => names[index % names.length] ?? '')), 300)
  const history = some(10, () => of('gas', 'oil', 'heat pump'))
  assert.deepEqual(codes(of('gas', 'oil', 'heat pump'), history, 'category'), [])
  assert.deepEqual(codes(of('gas', 'oil', 'Heat pump'), history, 'category'), ['implausible-categories', 'implausible-renaming'])
  assert.deepEqual(codes(of('gas', 'gas', 'gas', 'gas', 'gas', 'oil'), history, 'category'), ['implausible-shares'])
  const orders = (start: number): AcceptedDrop => drop(categories(some(300, (index) => `article ${start + Math.floor(index / 10)}`)), 300)
  assert.deepEqual(codes(orders(200), some(10, (index) => orders(20 * index)), 'category'), [])
})

test('rows that are there already are told, and not where they repeat by nature', () => {
  const rows = (from: number, count: number): readonly number[] => some(count, (index) => ((from + index) * 0.618_033_988_75) % 1)
  const steady = categories(['a', 'b'])
  const week = (from: number, count = 400): AcceptedDrop => drop(steady, count, { hashes: rows(from, count) })
  const history = some(10, (index) => week(400 * index))
  assert.deepEqual(codes(week(4000), history, 'category'), [])
  assert.deepEqual(codes(week(1200), history, 'category'), ['implausible-repeats'])
  // The first half of a drop ten times as large.
  assert.deepEqual(codes(week(0, 4000), history, 'category'), ['implausible-repeats'])
  // Each has the last three weeks of the four before.
  assert.deepEqual(codes(week(1000), some(10, (index) => week(100 * index)), 'category'), [])
  const few = (): AcceptedDrop => drop(steady, 400, { hashes: rows(0, 12) })
  assert.deepEqual(codes(few(), some(10, few), 'category'), [])
})

test('a drop of another time is told; the next one, a late one, one after a pause and a growing export are not', () => {
  const week = (index: number, arrived = index): AcceptedDrop => drop(times(index * WEEK, (index + 1) * WEEK - 1), 100, { arrivedAt: arrived * WEEK })
  const history = some(30, (index) => week(index))
  assert.deepEqual(codes(week(30), history, 'time'), [])
  assert.deepEqual(codes(week(25, 30), history, 'time'), [])
  assert.deepEqual(codes(week(60), history, 'time'), [], 'the source was silent for half a year')
  assert.deepEqual(codes(week(82, 30), history, 'time'), ['implausible-time'])
  assert.deepEqual(codes(week(-22, 30), history, 'time'), ['implausible-time'])
  assert.deepEqual(codes(drop(times(30 * WEEK, 82 * WEEK), 100, { arrivedAt: 30 * WEEK }), history, 'time'), ['implausible-time'], 'some of its rows')
  const whole = (weeks: number): AcceptedDrop => drop(times(0, weeks * WEEK), 100, { arrivedAt: weeks * WEEK })
  assert.deepEqual(codes(whole(31), some(30, (index) => whole(index + 1)), 'time'), [])
})
