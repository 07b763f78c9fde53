import assert from 'node:assert/strict'
import { createHash, randomInt } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { buildSnapshot } from '../../src/data/build-snapshot.js'
import { openDuckDb, rowsOf, text } from '../../src/data/duckdb.js'
import type { Part, Sets } from '../../src/data/snapshot.js'
import { splitSnapshot } from '../../src/data/split-snapshot.js'
import type { StoredColumn, StoredSplit, StoredWindow } from '../../src/define/stored-definition.js'
import { RefitError } from '../../src/errors.js'
import { columns, csvLines, read, sales, type Sale } from './season.js'

const DAY = 86_400_000
const strayOf2105: Sale = { house: 'stray', sold: '2105-01-01T00:00:00Z', price: 999_999, rooms: 3, zipcode: '08001', heating: 'gas', renovated: false }
const byGroup: StoredSplit = { kind: 'group', test: 0.3, validation: 0.2 }

test('the side of a row follows from the MD5 of its group alone', async (context) => {
  const seed = randomInt(1_000_000)
  context.diagnostic(`seed ${seed}`)
  const rows = withHouses(sales(400), (n) => `${['h', 'Zürich ', '東京-', "l'été,"][n % 4] ?? ''}${(n * 7919 + seed) % 150}`)
  const cut = await split(context, { 'a.csv': csv(rows) }, byGroup)
  for (const { house, side } of cut.rows(rows)) assert.equal(side, sideOf(house), house)
  for (const side of ['train', 'validation', 'test'] as const) assert.ok(cut.sets.rows[side] > 20)
})

test('sides of groups that were split before stay what they were', () => {
  for (const [house, side] of Object.entries(keptSides)) assert.equal(sideOf(house), side, house)
})

test('a group never changes sides when further drops come, in other forms and another order', async (context) => {
  const rows = withHouses(sales(300), (n) => `h${n % 80}`)
  const later = withHouses(sales(300, 300), (n) => `h${n % 120}`)
  const first = await split(context, { 'a.csv': csv(rows) }, byGroup)
  const then = await split(context, { 'b.ndjson': later.map((row) => JSON.stringify(row)).join('\n'), 'a.csv': csv(rows) }, byGroup)
  const sides = new Map(first.rows(rows).map(({ house, side }) => [house, side]))
  for (const { house, side } of then.rows([...rows, ...later])) assert.equal(side, sides.get(house) ?? side, house)
  assert.equal(first.sets.leakage.groupsOnBothSides, 0)
  assert.equal(then.sets.leakage.groupsOnBothSides, 0)
})

test('no test row is in a training file, and none is lost', async (context) => {
  const rows = sales(300)
  const { sets, prices } = await split(context, { 'a.csv': csv(rows.slice(0, 100)), 'b.csv': csv(rows.slice(100)) }, byGroup)
  const all = [...prices.train, ...prices.validation, ...prices.test]
  assert.deepEqual(all.toSorted((a, b) => a - b), rows.map(({ price }) => price))
  assert.deepEqual(sets.rows, { train: prices.train.length, validation: prices.validation.length, test: prices.test.length })
  for (const side of ['train', 'validation'] as const) {
    const [header = '', ...lines] = (await readFile(join(sets.folder, side, `${side}.csv`), 'utf8')).trimEnd().split('\n')
    // Group, key and time are no features.
    assert.equal(header, 'rooms,zipcode,heating,renovated,price')
    assert.deepEqual(lines.map((line) => Number(line.split(',')[4])), prices[side])
  }
})

test('the same snapshot gives the same files again', async (context) => {
  const files = { 'a.csv': csv(sales(200)) }
  const [first, second] = [await split(context, files, byGroup), await split(context, files, byGroup)]
  for (const file of ['train/train.csv', 'validation/validation.csv', 'train/train.parquet', 'test/test.parquet']) {
    assert.deepEqual(await readFile(join(first.sets.folder, file)), await readFile(join(second.sets.folder, file)), file)
  }
  assert.deepEqual({ ...first.sets, folder: '' }, { ...second.sets, folder: '' })
})

test('without a group the key decides, and without a key the whole row', async (context) => {
  const rows = sales(200)
  const { house, ...others } = columns
  assert.ok(house !== undefined)
  const byKey = await split(context, { 'a.csv': csv(rows) }, byGroup, { contract: { house: { ...house, role: 'key' }, ...others } })
  for (const row of byKey.rows(rows)) assert.equal(row.side, sideOf(row.house))
  const withoutBoth = { house: { ...house, role: 'ignored' as const, optional: true }, ...others }
  const twice = await split(context, { 'a.csv': csv([...rows, ...rows]) }, byGroup, { contract: withoutBoth })
  assert.equal(twice.sets.leakage.duplicateRowsAcrossSides, 0)
  assert.deepEqual(new Set(twice.prices.test).size * 2, twice.prices.test.length)
})

test('another order of the columns moves no row, also where the whole row decides', async (context) => {
  const rows = sales(200)
  const { house: _house, ...others } = columns
  const contract = { house: { type: 'text', role: 'ignored', optional: true } as const, ...others }
  const cut = await split(context, { 'a.csv': csv(rows) }, byGroup, { contract })
  const reordered = await split(context, { 'a.csv': csv(rows) }, byGroup, { contract: Object.fromEntries(Object.entries(contract).toReversed()) })
  assert.deepEqual(reordered.prices, cut.prices)
})

test('an optional column that former drops lack is null for their rows, and moves none of them', async (context) => {
  const rows = sales(200)
  for (const role of ['group', 'ignored'] as const) {
    const before = { ...columns, house: { type: 'text', role, optional: true } as const }
    const former = await read(context, { 'a.csv': csv(rows) }, before)
    const after = { ...before, floors: { type: 'number', role: 'feature', optional: true } as const, garden: { type: 'category', role: 'feature', optional: true } as const }
    const later = await read(context, { 'b.csv': withColumns(sales(20, 200), { floors: '2', garden: 'yes' }) }, after)
    const cut: Cut = await cutInto(context, former.parts, before, byGroup)
    const then: Cut = await cutInto(context, [...former.parts, ...later.parts], after, byGroup)
    const old = new Set(rows.map(({ price }) => price))
    for (const side of ['train', 'validation', 'test'] as const) assert.deepEqual(then.prices[side].filter((price) => old.has(price)), cut.prices[side])
    const [header, ...lines] = (await readFile(join(then.sets.folder, 'train', 'train.csv'), 'utf8')).trimEnd().split('\n')
    assert.equal(header, 'rooms,zipcode,heating,renovated,floors,garden,price')
    for (const line of lines) assert.match(line, old.has(Number(line.split(',')[6])) ? /,,,\d+\.0$/ : /,2\.0,yes,\d+\.0$/)
  }
})

test('a required column that former drops lack is named, with how many they are', async (context) => {
  const former = await read(context, { 'a.csv': csv(sales(50)), 'b.csv': csv(sales(50, 50)) })
  const after = { ...columns, floors: { type: 'number', role: 'feature', optional: false } as const, garden: { type: 'boolean', role: 'feature', optional: false } as const }
  const later = await read(context, { 'c.csv': withColumns(sales(20, 100), { floors: '2', garden: 'yes' }) }, after)
  const message = 'column floors is required and is missing in 2 of 3 drops (d0, d1). And column garden is required and is missing in 2 of 3 drops (d0, d1).'
  await assert.rejects(cutInto(context, [...former.parts, ...later.parts], after, byGroup), unfit(message))
})

test('a column that is removed is left out, also where former drops have it', async (context) => {
  const rows = sales(100)
  const { rooms: _rooms, ...after } = columns
  const former = await read(context, { 'a.csv': csv(rows) })
  const { sets } = await cutInto(context, former.parts, after, byGroup)
  assert.equal((await readFile(join(sets.folder, 'train', 'train.csv'), 'utf8')).split('\n')[0], 'zipcode,heating,renovated,price')
})

test('a number that became a category joins the codes of later drops, unless zeros before them are lost', async (context) => {
  const asNumber = { ...columns, rooms: { type: 'number', role: 'feature', optional: true } as const }
  const asCategory = { ...columns, rooms: { type: 'category', role: 'feature', optional: true } as const }
  const former = await read(context, { 'a.csv': csv(sales(100)) }, asNumber)
  const later = await read(context, { 'b.csv': csv(sales(100, 100)) }, asCategory)
  const { sets } = await cutInto(context, [...former.parts, ...later.parts], asCategory, byGroup)
  const [, ...lines] = (await readFile(join(sets.folder, 'train', 'train.csv'), 'utf8')).trimEnd().split('\n')
  assert.deepEqual(new Set(lines.map((line) => line.split(',')[0])), new Set(['1', '2', '3', '4', '5', '6', '7']))

  const codes = await read(context, { 'a.csv': csv(sales(100)) }, { ...columns, zipcode: { type: 'number', role: 'feature', optional: false } })
  const padded = await read(context, { 'b.csv': csv(sales(100, 100)) })
  const lost = 'column zipcode was a number in 1 of 2 drops (d0), so that zeros before its codes are lost, and later drops have such codes.'
  await assert.rejects(cutInto(context, [...codes.parts, ...padded.parts], columns, byGroup), unfit(lost))
})

test('a category becomes a number where all its values are one, and a boolean no text', async (context) => {
  const former = await read(context, { 'a.csv': csv(sales(100)) })
  const as = (column: string, type: StoredColumn['type']): Readonly<Record<string, StoredColumn>> => ({ ...columns, [column]: { type, role: 'feature', optional: false } })
  const { sets } = await cutInto(context, former.parts, as('zipcode', 'number'), byGroup)
  assert.match((await readFile(join(sets.folder, 'train', 'train.csv'), 'utf8')).split('\n')[1] ?? '', /,800\d\.0,/)
  await assert.rejects(cutInto(context, former.parts, as('heating', 'number'), byGroup), unfit('column heating has something that is no number in 100 rows of 1 of 1 drops (d0).'))
  await assert.rejects(cutInto(context, former.parts, as('renovated', 'category'), byGroup), unfit('column renovated was a boolean in 1 of 1 drops (d0), so that its texts are not known.'))
})

function unfit(reason: string): (error: unknown) => boolean {
  return (error) => error instanceof RefitError && error.code === 'history-unfit' && error.status === 422 && error.message === `The definition no longer fits the history: ${reason}`
}

function withColumns(rows: readonly Sale[], values: Readonly<Record<string, string>>): string {
  const [header = '', ...lines] = csv(rows).split('\n')
  return [[header, ...Object.keys(values)].join(','), ...lines.map((line) => [line, ...Object.values(values)].join(','))].join('\n')
}

test('rows that stand on both sides, equal in every feature and target, are counted', async (context) => {
  const rows = withHouses(sales(100), (n) => `h${n}`)
  const inTest = rows.filter(({ house }) => sideOf(house) === 'test').slice(0, 3)
  const inTrain = rows.filter(({ house }) => sideOf(house) === 'train')
  const copies = inTest.map((row, index) => ({ ...row, house: inTrain[index]?.house ?? '' }))
  const { sets } = await split(context, { 'a.csv': csv([...rows, ...copies]) }, byGroup)
  assert.deepEqual([sets.leakage.duplicateRowsAcrossSides, sets.leakage.groupsOnBothSides], [3, 0])
})

test('by time the newest window is the test set, the gap before it is left out, and one date in 2105 moves nothing', async (context) => {
  const rows = sales(24 * 40)
  const how = { kind: 'time', testMilliseconds: 10 * DAY, gapMilliseconds: 2 * DAY, validation: 0.25 } as const
  const { sets, prices } = await split(context, { 'a.csv': csv([...rows.toReversed(), strayOf2105]) }, how)
  const [first = 0, last = 0] = [rows[0]?.price, rows.at(-1)?.price]
  const range = (from: number, until: number): number[] => Array.from({ length: until - from + 1 }, (_, index) => from + index)
  const sorted = (side: readonly number[]): number[] => side.toSorted((a, b) => a - b)
  assert.deepEqual(sorted(prices.test), range(last - 239, last))
  // Two days are missing, and of the rest the newest quarter validates.
  const trained = sorted([...prices.train, ...prices.validation])
  assert.deepEqual(trained, range(first, last - 240 - 48))
  assert.deepEqual(sorted(prices.validation), trained.slice(-prices.validation.length))
  assert.equal(prices.validation.length, Math.round(trained.length / 4))
  assert.deepEqual([sets.testOldest?.slice(0, 19), sets.testNewest?.slice(0, 19), sets.trainedUntil?.slice(0, 19)], ['2026-01-31T00:00:00', '2026-02-09T23:00:00', '2026-01-28T23:00:00'])
  assert.ok(sets.leakage.warnings.some((warning) => warning.startsWith('49 rows lie in the gap or beyond')))
})

test('a window of days or rows counts back from the newest plausible time', async (context) => {
  const rows = sales(24 * 40)
  const days = await split(context, { 'a.csv': csv([strayOf2105, ...rows]) }, byGroup, { window: { kind: 'duration', milliseconds: 5 * DAY } })
  const kept = Object.values(days.prices).flat().toSorted((a, b) => a - b)
  assert.deepEqual(kept.slice(0, 120), rows.slice(-120).map(({ price }) => price))
  const newest = await split(context, { 'b.csv': csv(rows.slice(-30)), 'a.csv': csv(rows.slice(0, -30)) }, byGroup, { window: { kind: 'rows', rows: 100 } })
  assert.deepEqual(Object.values(newest.prices).flat().toSorted((a, b) => a - b), rows.slice(-100).map(({ price }) => price))
})

test('too little data is refused with its figures', async (context) => {
  const one = withHouses(sales(5), () => 'h0')
  await assert.rejects(split(context, { 'a.csv': csv(one) }, byGroup), (error) => error instanceof RefitError && error.code === 'sets-too-small' && error.message.includes('0 '))
})

/** Sides of kept groups; they must never change, for models have been tested by them. */
const keptSides: Readonly<Record<string, string>> = { h0: 'test', h1: 'train', '7129300520': 'test', '6414100192': 'train', 'Zürich': 'train', '東京': 'test', h13: 'validation', h20: 'validation' }

/** The rule, once more, without DuckDB. */
function sideOf(group: string): 'train' | 'validation' | 'test' {
  if (shareOf(group) < 0.3) return 'test'
  return shareOf(`${group}\u001Fvalidation`) < 0.2 ? 'validation' : 'train'
}

function shareOf(words: string): number {
  return Number(createHash('md5').update(words).digest().readBigUInt64LE(8)) / 2 ** 64
}

function withHouses(rows: readonly Sale[], house: (index: number) => string): readonly Sale[] {
  return rows.map((row, index) => ({ ...row, house: house(index) }))
}

function csv(rows: readonly Sale[]): string {
  const quoted = rows.map((row) => ({ ...row, house: `"${row.house.replaceAll('"', '""')}"` }))
  return csvLines(quoted).join('\n')
}

interface Cut {
  readonly sets: Sets
  /** Prices name the rows. */
  readonly prices: Readonly<Record<'train' | 'validation' | 'test', readonly number[]>>
  /** Each of the given rows that is in a set, with its side. */
  rows(given: readonly Sale[]): readonly { readonly house: string; readonly side: string }[]
}

/** Reads files as drops, in this order, and splits them. */
async function split(
  context: TestContext,
  files: Readonly<Record<string, string>>,
  how: StoredSplit,
  { contract = columns, window = { kind: 'all' } }: { readonly contract?: Readonly<Record<string, StoredColumn>>; readonly window?: StoredWindow } = {},
): Promise<Cut> {
  const { parts } = await read(context, files, contract)
  assert.equal(parts.length, Object.keys(files).length)
  return cutInto(context, parts, contract, how, window)
}

async function cutInto(
  context: TestContext,
  parts: readonly (Part & { path: string })[],
  contract: Readonly<Record<string, StoredColumn>>,
  how: StoredSplit,
  window: StoredWindow = { kind: 'all' },
): Promise<Cut> {
  const sets = await cutSets(context, parts, contract, window, how)
  const connection = await openDuckDb({ memoryBytes: 500_000_000, spillFolder: join(sets.folder, 'spill') })
  const pricesOf = async (side: string): Promise<readonly number[]> =>
    (await rowsOf(connection, `select price from read_parquet(${text(join(sets.folder, side, `${side}.parquet`))})`)).map((row) => Number(row['price']))
  const prices = { train: await pricesOf('train'), validation: await pricesOf('validation'), test: await pricesOf('test') }
  const sides = new Map(Object.entries(prices).flatMap(([side, all]) => all.map((price) => [price, side] as const)))
  return { sets, prices, rows: (given) => given.map(({ house, price }) => ({ house, side: sides.get(price) ?? 'left out' })) }
}

async function cutSets(context: TestContext, parts: readonly (Part & { path: string })[], contract: Readonly<Record<string, StoredColumn>>, window: StoredWindow, how: StoredSplit): Promise<Sets> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-split-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'work'))
  const snapshot = buildSnapshot(parts, contract, window)
  const request = { snapshot, parts, split: how, task: 'regression', memoryBytes: 1_000_000_000, token: `${folder}/split`, workingFolder: join(folder, 'work'), outputFolder: join(folder, 'sets') } as const
  return splitSnapshot(request, new AbortController().signal)
}
