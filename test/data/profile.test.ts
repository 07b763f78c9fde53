import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { cutSets } from '../../src/data/cut-sets.js'
import { openDuckDb, text } from '../../src/data/duckdb.js'
import { GIVEAWAY, isGiveaway } from '../../src/data/giveaway.js'
import { movedWord, type FormerProfile } from '../../src/data/profile.js'
import type { CutSets } from '../../src/data/split-job.js'
import type { StoredColumn, StoredSplit, Task } from '../../src/define/stored-definition.js'
import { noSharedData } from '../scenarios/shared-data.js'
import { electricity, kingCounty, type RealDrops } from './real-drops.js'

const byGroup: StoredSplit = { kind: 'group', test: 0.2, validation: 0.1 }
const byTime: StoredSplit = { kind: 'time', testMilliseconds: 14 * 86_400_000, gapMilliseconds: 0, validation: 0.1 }
const number: StoredColumn = { type: 'number', role: 'feature', optional: false }
const category: StoredColumn = { type: 'category', role: 'feature', optional: false }

test('the profile of real sales is what plain counting finds in the file', { skip: noSharedData }, async (context) => {
  const drops = await kingCounty(context)
  const { profile } = await cut(context, drops, byGroup)
  const rows = drops.rows.flat()
  assert.deepEqual([profile.rows, profile.sampledRows], [rows.length, rows.length])
  for (const column of ['price', 'bedrooms', 'bathrooms', 'sqft_living', 'grade', 'yr_built']) {
    const found = profile.columns[column]
    const values = rows.flatMap((row) => (row[column] === '' ? [] : [Number(row[column])])).toSorted((a, b) => a - b)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
    assert.equal(found?.missing, rows.length - values.length, column)
    assert.equal(found.distinct, new Set(values).size, column)
    const { numbers } = found
    assert.ok(numbers !== undefined)
    assert.deepEqual([numbers.min, numbers.max], [values[0], values.at(-1)])
    assert.ok(Math.abs(numbers.mean / mean - 1) < 1e-9 && Math.abs(numbers.deviation / deviation - 1) < 1e-9, column)
    for (const [name, share] of [['p5', 0.05], ['p50', 0.5], ['p99', 0.99]] as const) assert.equal(numbers.quantiles[name], values[Math.ceil(share * values.length) - 1], `${column} ${name}`)
    const { edges, counts } = numbers.histogram
    assert.ok(edges.length <= 20, column)
    const bounds = [Number.NEGATIVE_INFINITY, ...edges, Number.POSITIVE_INFINITY]
    assert.deepEqual(counts, counts.map((_, bin) => values.filter((value) => value >= (bounds[bin] ?? 0) && value < (bounds[bin + 1] ?? 0)).length), column)
  }
  const zipcodes = new Map<string, number>()
  for (const { zipcode = '' } of rows) zipcodes.set(zipcode, (zipcodes.get(zipcode) ?? 0) + 1)
  const { zipcode, waterfront, date, id } = profile.columns
  assert.deepEqual(new Map(zipcode?.categories?.values.map(({ value, rows: count }) => [value, count])), zipcodes)
  assert.equal(zipcode?.categories?.values[0]?.rows, Math.max(...zipcodes.values()))
  assert.deepEqual(waterfront?.categories?.values.map(({ value }) => value), ['false', 'true'])
  assert.deepEqual([date?.times?.oldest, date?.times?.newest], ['2014-05-02T00:00:00Z', '2015-05-27T00:00:00Z'])
  assert.deepEqual([id?.distinct, id?.categories], [21_436, undefined])
})

test('a snapshot has not moved from itself, and from another one by the figures', { skip: noSharedData }, async (context) => {
  const drops = await kingCounty(context, 12)
  const first = await cut(context, drops, byGroup)
  const former = { digest: 'former', profile: first.profile }
  const again = await cut(context, drops, byGroup, 'regression', former)
  for (const [column, drift] of Object.entries(again.profile.drift?.columns ?? {})) {
    assert.ok(drift.psi === undefined || drift.psi === 0, column)
    assert.equal(movedWord(drift), undefined, column)
  }
  assert.equal(Object.keys(again.profile.drift?.columns ?? {}).length, Object.keys(drops.columns).length)

  // Half of the bedrooms go missing, square feet become square metres, and a zipcode gets another name.
  const changed = await kingCounty(context, 12, (row) => ({
    bedrooms: Number(row['n']) % 2 === 0 ? '' : (row['bedrooms'] ?? ''),
    sqft_living: String(Math.round(Number(row['sqft_living']) / 10.764)),
    zipcode: row['zipcode'] === '98103' ? 'Wallingford' : (row['zipcode'] ?? ''),
  }))
  const { columns } = (await cut(context, changed, byGroup, 'regression', former)).profile.drift ?? assert.fail('no drift')
  assert.ok((columns['sqft_living']?.psi ?? 0) > 5)
  assert.ok((columns['bedrooms']?.missing ?? 0) > 0.49 && (columns['bedrooms']?.missingBefore ?? 1) < 0.01)
  assert.deepEqual([columns['zipcode']?.newCategories, columns['zipcode']?.goneCategories], [['Wallingford'], ['98103']])
  const moved = Object.entries(columns).flatMap(([column, drift]) => (movedWord(drift) === undefined ? [] : [column]))
  assert.deepEqual(moved.toSorted(), ['bedrooms', 'sqft_living', 'zipcode'])
})

test('of real columns none gives the target away; a price in another currency does', { skip: noSharedData }, async (context) => {
  const honest = await cut(context, await kingCounty(context), byGroup)
  assert.deepEqual(honest.leakage.warnings, [])
  const told = Object.fromEntries((honest.leakage.told ?? []).map(({ column, value }) => [column, value]))
  assert.ok((told['sqft_living'] ?? 0) > 0.4 && (told['sqft_living'] ?? 1) < 0.7, `sqft_living tells ${told['sqft_living']}`)
  // With noise of one percent, and as a form that no straight line describes.
  const more = ({ price = '', n }: Readonly<Record<string, string>>): Record<string, string> => ({
    price_eur: String(Math.round(Number(price) * 0.9 * (1 + (((Number(n) * 7919) % 200) - 100) / 10_000))),
    log_price: String(Math.log(Number(price))),
  })
  const leaking = await cut(context, await kingCounty(context, 57, more, { price_eur: number, log_price: number }), byGroup)
  assert.equal(leaking.leakage.warnings.length, 2)
  for (const column of ['price_eur', 'log_price']) {
    const words = new RegExp(`^Column ${column} predicts the target almost alone \\(R² (0\\.99\\d|1\\.000)\\): is it known when the prediction is asked for\\?$`)
    assert.ok(leaking.leakage.warnings.some((warning) => words.test(warning)), leaking.leakage.warnings.join('\n'))
  }
})

test('of the electricity market no column gives the class away; its code does, and so does whether another one is missing', { skip: noSharedData }, async (context) => {
  const honest = await cut(context, await electricity(context, 20), byTime, 'classification')
  assert.deepEqual(honest.leakage.warnings, [])
  const strongest = honest.leakage.told?.[0]
  context.diagnostic(`nswprice is known only at the same instant as the class; told most: ${JSON.stringify(strongest)}`)
  assert.equal(strongest?.column, 'nswprice')
  assert.ok(!isGiveaway(strongest) && strongest.value > (strongest.byChance ?? 1), JSON.stringify(strongest))
  const more = ({ class: label }: Readonly<Record<string, string>>): Record<string, string> => ({ code: label === 'UP' ? '1' : '0', word: label === 'UP' ? 'rises' : 'falls', settled: label === 'UP' ? '' : '7' })
  const columns = { code: number, word: category, settled: { ...number, optional: true } }
  const leaking = await cut(context, await electricity(context, 20, more, columns), byTime, 'classification')
  assert.equal(leaking.leakage.warnings.length, 3)
  for (const column of Object.keys(columns)) assert.ok(leaking.leakage.warnings.some((warning) => warning.startsWith(`Column ${column} predicts the target almost alone (right in 100.0 % of the test rows; the most frequent class is in `)))
  assert.ok(GIVEAWAY.accuracy < 1)
})

test('of many rows a sample is looked at, the same every time and close to the whole', async (context) => {
  const folder = await temporaryFolder(context)
  const connection = await openDuckDb({ memoryBytes: 500_000_000, spillFolder: join(folder, 'spill') })
  const path = join(folder, 'part.parquet')
  await connection.run(`copy (select i::varchar as id, (i % 1000)::double as x, 'c' || (i % 7) as colour, (i * 7919 % 100000)::double as price from range(400000) as t(i)) to ${text(path)} (format parquet)`)
  const columns = { id: { type: 'text', role: 'group', optional: false }, x: number, colour: category, price: { ...number, role: 'target' } } as const
  const drops = { columns, rows: [], parts: [{ drop: 'd', path }] }
  const { profile } = await cut(context, drops, byGroup)
  const again = await cut(context, drops, byGroup)
  assert.deepEqual(again.profile, profile)
  assert.equal(profile.rows, 400_000)
  assert.ok(Math.abs(profile.sampledRows - 100_000) < 2000)
  const { numbers } = profile.columns['x'] ?? {}
  assert.deepEqual([numbers?.min, numbers?.max, numbers?.mean], [0, 999, 499.5])
  assert.ok(Math.abs((numbers?.quantiles.p50 ?? 0) - 499.5) < 10)
  for (const { rows } of profile.columns['colour']?.categories?.values ?? []) assert.ok(Math.abs(rows / profile.sampledRows - 1 / 7) < 0.01)
})

async function cut(context: TestContext, { columns, parts }: RealDrops, split: StoredSplit, task: Task = 'regression', former?: FormerProfile): Promise<CutSets> {
  const outputFolder = join(await temporaryFolder(context), 'sets')
  const connection = await openDuckDb({ memoryBytes: 500_000_000, spillFolder: `${outputFolder}.spill` })
  const cutInto = { parts: [...parts], columns, window: { kind: 'all' as const }, split, task, memoryBytes: 500_000_000, outputFolder }
  const sets = await cutSets(connection, former === undefined ? cutInto : { ...cutInto, former })
  connection.closeSync()
  return sets
}

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-profile-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}
