import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { buildSnapshot } from '../../src/data/build-snapshot.js'
import { gatherEveryRow } from '../../src/data/gather-every-row.js'
import { splitSnapshot, type SplitRequest } from '../../src/data/split-snapshot.js'
import type { StoredSplit, StoredWindow } from '../../src/define/stored-definition.js'
import { columns, csvLines, read, sales, type Sale } from './season.js'

const DAY = 86_400_000
const never = new AbortController().signal
const byTime: StoredSplit = { kind: 'time', testMilliseconds: 10 * DAY, gapMilliseconds: 2 * DAY, validation: 0.25 }
const splits: readonly StoredSplit[] = [
  { kind: 'group', test: 0.3, validation: 0.2 },
  { kind: 'group', test: 0.3, validation: 0.2, stratify: 'heating' },
  byTime,
  { kind: 'groupAndTime', testMilliseconds: 10 * DAY, groups: 0.3, gapMilliseconds: 2 * DAY, validation: 0.2 },
]
const rows = sales(24 * 40)
const strayOf2105: Sale = { house: 'stray', sold: '2105-01-01T00:00:00Z', price: 999_999, rooms: 3, zipcode: '08001', heating: 'gas', renovated: false }

interface Gathered {
  /** Which rows: no two have the same price. */
  readonly prices: readonly number[]
  readonly heldOut: readonly number[]
  readonly rows: number
  readonly trainedUntil: string | undefined
  readonly folder: string
}

/** Every row of some drops, beside what a first training holds out of them. */
async function gathered(context: TestContext, split: StoredSplit, { holdout, window = { kind: 'all' }, given = rows }: { readonly holdout?: number; readonly window?: StoredWindow; readonly given?: readonly Sale[] } = {}): Promise<Gathered> {
  const { parts } = await read(context, { 'a.csv': csvLines(given.slice(0, 500)).join('\n'), 'b.csv': csvLines(given.slice(500)).join('\n') })
  const folder = await mkdtemp(join(tmpdir(), 'refit-every-row-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  const workingFolder = join(folder, 'work')
  await mkdir(workingFolder)
  const request: Omit<SplitRequest, 'task'> = { snapshot: buildSnapshot(parts, columns, window), parts, split, holdout, memoryBytes: 1_000_000_000, token: `${folder}/split`, workingFolder, outputFolder: join(folder, 'every-row') }
  const every = await gatherEveryRow(request, never)
  const sets = holdout === undefined ? undefined : await splitSnapshot({ ...request, task: 'regression', outputFolder: join(folder, 'sets') }, never)
  const prices = await pricesIn(join(every.folder, 'train', 'train.csv'))
  const placed = sets === undefined ? [] : (await Promise.all(['train', 'validation'].map((side) => pricesIn(join(sets.folder, side, `${side}.csv`))))).flat()
  assert.ok(placed.every((price) => prices.includes(price)), 'what the first training had, the second has')
  assert.equal(sets?.holdout?.rows ?? 0, sets === undefined ? 0 : given.length - prices.length)
  return { prices, heldOut: given.map(({ price }) => price).filter((price) => !prices.includes(price)), rows: every.rows, trainedUntil: every.trainedUntil, folder: every.folder }
}

async function pricesIn(file: string): Promise<readonly number[]> {
  const [header = '', ...lines] = (await readFile(file, 'utf8')).trimEnd().split('\n')
  const place = header.split(',').indexOf('price')
  return lines.map((line) => Number(line.split(',')[place]))
}

for (const split of splits) {
  const name = `${split.kind}${'stratify' in split ? ', stratified' : ''}`
  test(`${name}: every row trains, those of test set and gap too, and no row validates`, async (context) => {
    const { prices, rows: count, folder } = await gathered(context, split)
    assert.deepEqual(prices.toSorted((a, b) => a - b), rows.map(({ price }) => price))
    assert.equal(count, rows.length)
    assert.deepEqual((await readdir(folder)).toSorted(), ['example.json', 'train', 'validation'])
    assert.deepEqual((await readdir(join(folder, 'validation'))).toSorted(), ['validation.csv', 'validation.parquet'])
    assert.equal(await readFile(join(folder, 'validation', 'validation.csv'), 'utf8'), 'rooms,zipcode,heating,renovated,price\n')
  })
}

test('groups that are held out of the first training are held out of the second', async (context) => {
  const { heldOut } = await gathered(context, splits[0] ?? assert.fail(), { holdout: 0.2 })
  assert.ok(heldOut.length > 50)
  const [houses, others] = [true, false].map((isHeldOut) => new Set(rows.filter(({ price }) => heldOut.includes(price) === isHeldOut).map(({ house }) => house)))
  assert.ok(houses !== undefined && others !== undefined && [...houses].every((house) => !others.has(house)))
})

test('by time a row that no window counts from trains in neither; the newest that does is told', async (context) => {
  const { heldOut, trainedUntil } = await gathered(context, byTime, { given: [strayOf2105, ...rows] })
  assert.deepEqual(heldOut, [strayOf2105.price])
  assert.equal(trainedUntil?.slice(0, 19), '2026-02-09T23:00:00')
})

test('a window leaves out of the second training what it leaves out of the first', async (context) => {
  const { prices } = await gathered(context, splits[0] ?? assert.fail(), { window: { kind: 'duration', milliseconds: 5 * DAY } })
  assert.deepEqual(prices.toSorted((a, b) => a - b), rows.slice(-120).map(({ price }) => price))
})
