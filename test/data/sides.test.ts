import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { cutSets } from '../../src/data/cut-sets.js'
import { openDuckDb, rowsOf, text } from '../../src/data/duckdb.js'
import type { Sets } from '../../src/data/snapshot.js'
import type { StoredSplit, StoredWindow } from '../../src/define/stored-definition.js'
import { RefitError } from '../../src/errors.js'
import { noSharedData } from '../scenarios/shared-data.js'
import { kingCounty, type RealDrops } from './real-drops.js'

const DAY = 86_400_000
const byGroup: StoredSplit = { kind: 'group', test: 0.2, validation: 0.1 }
const stratified: StoredSplit = { ...byGroup, stratify: 'zipcode' }
const byGroupAndTime: StoredSplit = { kind: 'groupAndTime', testMilliseconds: 42 * DAY, groups: 0.3, gapMilliseconds: 3 * DAY, validation: 0.1 }
const byTime: StoredSplit = { kind: 'time', testMilliseconds: 28 * DAY, gapMilliseconds: 7 * DAY, validation: 0.1 }

test('as weeks of real sales come in, groups and the holdout stay where they are', { skip: noSharedData }, async (context) => {
  const drops = await kingCounty(context)
  for (const split of [byGroup, stratified, byGroupAndTime, byTime]) {
    const last = await cut(context, drops, 57, split)
    const cuts = [await cut(context, drops, 20, split), await cut(context, drops, 25, split), last]
    for (const [index, { sides, sets }] of cuts.entries()) {
      if (split.kind !== 'time') assert.equal(sets.leakage.groupsOnBothSides, 0, split.kind)
      for (const later of cuts.slice(index + 1)) {
        for (const [row, side] of sides) {
          const then = later.sides.get(row)
          if (split.kind === 'group' || side === 'holdout' || then === 'holdout') assert.equal(then, side, `${split.kind}: row ${row}`)
          // What has trained never tests; by time what has tested trains in the end, by group and time it never does.
          if (side === 'train' || side === 'validation') assert.notEqual(then, 'test', `${split.kind}: row ${row}`)
          if (split.kind === 'groupAndTime' && side === 'test') assert.ok(then === 'test' || then === undefined, `row ${row}`)
        }
      }
    }
    const held = new Set(idsOf(drops, last, 'holdout'))
    for (const side of ['train', 'validation', 'test'] as const) for (const id of idsOf(drops, last, side)) assert.ok(!held.has(id), id)
    const houses = new Set(drops.rows.flat().map(({ id }) => id)).size
    assert.ok(Math.abs(held.size / houses - 0.1) < 0.01, `${held.size} of ${houses} houses are held out`)
    assert.deepEqual(last.sets.holdout, { rows: [...last.sides.values()].filter((side) => side === 'holdout').length, share: 0.1 })
  }
})

test('by group and time newer rows of some groups test, and earlier ones of the others train', { skip: noSharedData }, async (context) => {
  const drops = await kingCounty(context, 30)
  const { sides, sets } = await cut(context, drops, 30, byGroupAndTime, { holdout: 0 })
  const newest = Math.max(...drops.rows.flat().map(({ date }) => Date.parse(date ?? '')))
  let leftOut = 0
  for (const { n, id, date } of drops.rows.flat()) {
    const age = newest - Date.parse(date ?? '')
    const tests = shareOf(id ?? '') < 0.3
    const other = shareOf(`${id}\u001Fvalidation`) < 0.1 ? 'validation' : 'train'
    const expected = age < 42 * DAY ? (tests ? 'test' : undefined) : age < 45 * DAY || tests ? undefined : other
    if (expected === undefined) leftOut += 1
    assert.equal(sides.get(Number(n)), expected, `row ${n}`)
  }
  const told = sets.leakage.warnings.map((warning) => Number(warning.split(' ')[0]?.replace(',', '')))
  assert.equal(told.reduce((sum, rows) => sum + rows, 0), leftOut)
  assert.equal(told.length, 3)
})

test('stratified, each value has its share of the houses that came with a drop to within one', { skip: noSharedData }, async (context) => {
  const drops = await kingCounty(context, 30)
  const { sides } = await cut(context, drops, 30, stratified, { holdout: 0 })
  const cells = new Map<string, string[]>()
  const seen = new Set<string>()
  for (const [week, rows] of drops.rows.entries()) {
    for (const { id = '', zipcode, n } of rows) {
      if (seen.has(id)) continue
      seen.add(id)
      const cell = `${week} ${zipcode}`
      cells.set(cell, [...(cells.get(cell) ?? []), sides.get(Number(n)) ?? ''])
    }
  }
  assert.ok(cells.size > 1000)
  for (const [cell, all] of cells) {
    const tests = all.filter((side) => side === 'test').length
    assert.ok(Math.abs(tests - 0.2 * all.length) < 1, `${cell}: ${tests} of ${all.length}`)
    const validates = all.filter((side) => side === 'validation').length
    assert.ok(Math.abs(validates - 0.1 * (all.length - tests)) < 1, `${cell}: ${validates} of ${all.length - tests}`)
  }
  const share = [...sides.values()].filter((side) => side === 'test').length / sides.size
  assert.ok(Math.abs(share - 0.2) < 0.02, `${share}`)
})

test('stratified, a window that has moved beyond the first sale of a house moves no house', { skip: noSharedData }, async (context) => {
  const drops = await kingCounty(context)
  const whole = await cut(context, drops, 57, stratified)
  const recent = await cut(context, drops, 57, stratified, { window: { kind: 'duration', milliseconds: 90 * DAY } })
  assert.ok(recent.sides.size > 3000 && recent.sides.size < 8000)
  for (const [row, side] of recent.sides) assert.equal(side, whole.sides.get(row))
})

test('without the drop in which they first appeared only its own houses are drawn anew', { skip: noSharedData }, async (context) => {
  const drops = await kingCounty(context, 20)
  const before = await cut(context, drops, 20, stratified, { holdout: 0 })
  const without = { ...drops, parts: drops.parts.filter((_, week) => week !== 3) }
  const after = await cut(context, without, 19, stratified, { holdout: 0 })
  const gone = new Set(drops.rows[3]?.map(({ id }) => id))
  for (const [week, rows] of drops.rows.entries()) {
    for (const { n, id, zipcode } of rows) {
      if (week === 3 || gone.has(id)) continue
      // A house that was first sold in that week is a newcomer elsewhere, and changes the draw of that cell alone.
      const shared = drops.rows[week]?.some((other) => gone.has(other['id']) && other['zipcode'] === zipcode)
      if (shared !== true) assert.equal(after.sides.get(Number(n)), before.sides.get(Number(n)), `row ${n}`)
    }
  }
})

test('the last rows are the newest, ties by arrival, and one dated 2105 is none of them', { skip: noSharedData }, async (context) => {
  const drops = await kingCounty(context, 6, ({ n }) => (n === '7' ? { date: '2105-01-01' } : {}))
  const { sides } = await cut(context, drops, 6, byGroup, { holdout: 0, window: { kind: 'rows', rows: 500 } })
  const newest = drops.rows.flat().filter(({ n }) => n !== '7').toSorted((a, b) => (a['date'] ?? '').localeCompare(b['date'] ?? '') || Number(a['n']) - Number(b['n'])).slice(-500)
  assert.deepEqual([...sides.keys()].toSorted((a, b) => a - b), newest.map(({ n }) => Number(n)).toSorted((a, b) => a - b))
  const all = await cut(context, drops, 6, byGroup, { holdout: 0, window: { kind: 'rows', rows: 1_000_000 } })
  assert.equal(all.sides.size, drops.rows.flat().length)
})

test('by time rows at the cut train, those in the gap and dated 2105 are left out', { skip: noSharedData }, async (context) => {
  const drops = await kingCounty(context, 10, ({ n }) => (n === '7' ? { date: '2105-01-01' } : {}))
  const { sides, sets } = await cut(context, drops, 10, { kind: 'time', testMilliseconds: 14 * DAY, gapMilliseconds: 7 * DAY, validation: 0.1 }, { holdout: 0 })
  const rows = drops.rows.flat().filter(({ n }) => n !== '7')
  const newest = Math.max(...rows.map(({ date }) => Date.parse(date ?? '')))
  for (const { n, date } of rows) {
    const age = (newest - Date.parse(date ?? '')) / DAY
    const side = sides.get(Number(n))
    // Sales have a date and no time: those of a day are all on one side.
    if (age < 14) assert.equal(side, 'test', `${date}`)
    else if (age < 21) assert.equal(side, undefined, `${date}`)
    else assert.ok(side === 'train' || side === 'validation', `${date}`)
  }
  assert.equal(sides.get(7), undefined)
  const validates = rows.filter(({ n }) => sides.get(Number(n)) === 'validation').map(({ date = '' }) => date)
  const trains = rows.filter(({ n }) => sides.get(Number(n)) === 'train').map(({ date = '' }) => date)
  assert.ok(validates.toSorted()[0]?.localeCompare(trains.toSorted().at(-1) ?? '') === 1)
  assert.ok(validates.length / (validates.length + trains.length) > 0.05)
  assert.match(sets.leakage.warnings.join(), /rows lie in the gap or beyond the newest plausible time and were left out/)
})

test('rows without a time are left out by time', { skip: noSharedData }, async (context) => {
  const drops = await kingCounty(context, 10, ({ n }) => (Number(n) % 10 === 0 ? { date: '' } : {}), { date: { type: 'time', role: 'time', optional: true } })
  const { sides } = await cut(context, drops, 10, byTime)
  for (const row of sides.keys()) assert.notEqual(row % 10, 0)
})

test('a window in which nothing lies is too small', { skip: noSharedData }, async (context) => {
  const drops = await kingCounty(context, 2)
  for (const window of [{ kind: 'rows', rows: 1 }, { kind: 'duration', milliseconds: 1 }] as const) {
    await assert.rejects(cut(context, drops, 2, byTime, { window }), (error) => error instanceof RefitError && error.code === 'sets-too-small')
  }
})

test('rows that go through a file are cut as those in memory are, in their order', async (context) => {
  const folder = await temporaryFolder(context)
  const connection = await openDuckDb({ memoryBytes: 500_000_000, spillFolder: join(folder, 'spill') })
  // Numbers that cannot be compressed: 38 MB of them are too many for memory.
  const noise = Array.from({ length: 16 }, (_, column) => `r${column}`)
  const path = join(folder, 'part.parquet')
  await connection.run(`copy (select (i % 100000)::varchar as id, i::double as n, ${noise.map((column) => `random() as ${column}`).join(', ')}, i::double as price from range(300000) as t(i)) to ${text(path)} (format parquet)`)
  const feature = { type: 'number', role: 'feature', optional: false } as const
  const columns = { id: { type: 'text', role: 'group', optional: false }, n: feature, ...Object.fromEntries(noise.map((column) => [column, feature])), price: { ...feature, role: 'target' } } as const
  const outputFolder = join(folder, 'sets')
  const sets = await cutSets(connection, { parts: [{ drop: 'd', path }], columns, window: { kind: 'all' }, split: byGroup, task: 'regression', memoryBytes: 500_000_000, outputFolder })
  assert.equal(sets.rows.train + sets.rows.validation + sets.rows.test, 300_000)
  for (const side of ['train', 'validation', 'test'] as const) {
    const ns = (await rowsOf(connection, `select n from read_parquet(${text(join(outputFolder, side, `${side}.parquet`))})`)).map((row) => Number(row['n']))
    assert.deepEqual(ns, ns.toSorted((a, b) => a - b), side)
    for (const n of ns.slice(0, 500)) assert.equal(sideOf(String(n % 100_000)), side)
  }
})

function sideOf(id: string): string {
  if (shareOf(id) < 0.2) return 'test'
  return shareOf(`${id}\u001Fvalidation`) < 0.1 ? 'validation' : 'train'
}

function shareOf(words: string): number {
  return Number(createHash('md5').update(words).digest().readBigUInt64LE(8)) / 2 ** 64
}

interface Cut {
  readonly sets: Sets
  /** By `n`; rows that are in no set are missing. */
  readonly sides: ReadonlyMap<number, string>
}

async function cut(
  context: TestContext,
  { columns, parts }: RealDrops,
  weeks: number,
  split: StoredSplit,
  { holdout = 0.1, window = { kind: 'all' } }: { readonly holdout?: number; readonly window?: StoredWindow } = {},
): Promise<Cut> {
  const outputFolder = join(await temporaryFolder(context), 'sets')
  const connection = await openDuckDb({ memoryBytes: 500_000_000, spillFolder: `${outputFolder}.spill` })
  const sets = await cutSets(connection, {
    parts: parts.slice(0, weeks), columns, window, split, ...(holdout === 0 ? {} : { holdout }), task: 'regression', memoryBytes: 500_000_000, outputFolder,
  })
  const sides = new Map<number, string>()
  for (const side of ['train', 'validation', 'test', ...(holdout === 0 ? [] : ['holdout'])]) {
    for (const { n } of await rowsOf(connection, `select n from read_parquet(${text(join(outputFolder, side, `${side}.parquet`))})`)) {
      assert.ok(!sides.has(Number(n)), `row ${String(n)} is in two sets`)
      sides.set(Number(n), side)
    }
  }
  connection.closeSync()
  return { sets, sides }
}

function idsOf({ rows }: RealDrops, cut: Cut, side: string): readonly string[] {
  return rows.flat().flatMap(({ n, id = '' }) => (cut.sides.get(Number(n)) === side ? [id] : []))
}

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-sides-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}
