import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openDuckDb, rowsOf, text } from '../../src/data/duckdb.js'
import type { Sets } from '../../src/data/snapshot.js'
import type { StoredColumn } from '../../src/define/stored-definition.js'
import { bundleForRealm } from '../../src/prepare/bundle-for-realm.js'
import { prepareSets } from '../../src/prepare/prepare-sets.js'
import { cutSets } from '../support/cut-sets.js'
import { modelNamed } from '../support/stored-models.js'

const feature = (type: 'number' | 'category' | 'boolean', optional = false): StoredColumn => ({ type, role: 'feature', optional })
const columns: Readonly<Record<string, StoredColumn>> = {
  house: { type: 'text', role: 'group', optional: false },
  built: feature('number'),
  sqft: feature('number'),
  district: feature('category', true),
  garden: feature('boolean'),
  price: { type: 'number', role: 'target', optional: false },
  sellers: { type: 'number', role: 'weight', optional: false },
}
const prepared: Readonly<Record<string, StoredColumn>> = {
  sqft: feature('number'),
  built: { type: 'text', role: 'ignored', optional: true },
  age: feature('number'),
  street: feature('category', true),
  big: feature('boolean', true),
}
const definition = modelNamed('house-price', { columns })
const houses = (count: number): readonly Readonly<Record<string, string | number | boolean | null>>[] =>
  Array.from({ length: count }, (_, index) => ({
    house: `house ${index}`,
    built: 1900 + (index % 110),
    sqft: 300 + index / 7,
    district: index % 5 === 0 ? null : ['north', 'old, "town"', 'süd\nwest', '98029'][index % 4] ?? '',
    garden: index % 3 === 0,
    price: 1000 + index,
    sellers: index % 4,
  }))

const good = `({ sqft: Math.log(row.sqft), age: 2015 - row.built, street: row.district === null ? null : row.district + '!', big: row.sqft > 500 ? row.garden : undefined })`

interface Prepared {
  readonly folder: string
  readonly cut: Sets
  readonly done: Promise<Sets>
}

async function prepare(context: TestContext, source: string, { rows = 300, limits = {} }: { readonly rows?: number; readonly limits?: Partial<{ milliseconds: number; memoryBytes: number }> } = {}): Promise<Prepared> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'refit-prepare-')))
  context.after(() => rm(folder, { recursive: true, force: true }))
  const cut = await cutSets(folder, definition, houses(rows))
  await writeFile(join(folder, 'prepare.ts'), source)
  const bundle = join(folder, 'prepare.cjs')
  await bundleForRealm(folder, './prepare.ts', bundle, 'prepared')
  const partFolder = join(folder, 'cutting', 'parts')
  const parts = (await readdir(partFolder)).filter((name) => name.endsWith('.parquet')).map((name) => ({ drop: 'drop', name: 'rows.csv', path: join(partFolder, name) }))
  const done = prepareSets(
    {
      sets: cut,
      bundle,
      prepare: { path: './prepare.ts', columns: { ...prepared } },
      columns,
      parts,
      limits: { milliseconds: 60_000, memoryBytes: 1_000_000_000, ...limits },
      token: `${folder}/prepare`,
      workingFolder: folder,
      outputFolder: join(folder, 'prepared'),
    },
    context.signal,
  )
  done.catch(() => undefined)
  return { folder, cut, done }
}

async function read(context: TestContext, file: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const spillFolder = await mkdtemp(join(tmpdir(), 'refit-prepare-'))
  context.after(() => rm(spillFolder, { recursive: true, force: true }))
  const connection = await openDuckDb({ memoryBytes: 300_000_000, spillFolder })
  const rows = await rowsOf(connection, file.endsWith('.csv') ? `select * from read_csv(${text(file)}, all_varchar = true)` : `select * from read_parquet(${text(file)})`)
  connection.closeSync()
  return rows
}

test('training and validation set hold what the module makes of each row, in both files; the test set stays as it came', async (context) => {
  const { cut, done } = await prepare(context, `export default (row: any) => ${good}`, { rows: 5000 })
  const test = await readFile(join(cut.folder, 'test', 'test.parquet'))
  const sets = await done
  assert.deepEqual({ ...sets, folder: '' }, { ...cut, folder: '' })
  assert.ok(!existsSync(cut.folder))
  assert.deepEqual((await readdir(sets.folder)).toSorted(), ['example.json', 'test', 'train', 'validation'])
  assert.deepEqual(await readFile(join(sets.folder, 'test', 'test.parquet')), test)
  const all = houses(5000)
  let former = 0
  for (const side of ['train', 'validation'] as const) {
    const rows = await read(context, join(sets.folder, side, `${side}.parquet`))
    const texts = await read(context, join(sets.folder, side, `${side}.csv`))
    assert.equal(rows.length, cut.rows[side])
    assert.equal(texts.length, rows.length)
    former = 0
    for (const [index, row] of rows.entries()) {
      assert.deepEqual(Object.keys(row), ['sqft', 'district', 'garden', 'age', 'street', 'big', 'price', 'sellers'])
      const price = Number(row['price'])
      const raw = all[price - 1000] ?? {}
      const sqft = Number(raw['sqft'])
      assert.deepEqual(row, {
        sqft: Math.log(sqft),
        district: raw['district'],
        garden: raw['garden'],
        age: 2015 - Number(raw['built']),
        street: raw['district'] === null ? null : `${String(raw['district'])}!`,
        big: sqft > 500 ? raw['garden'] : null,
        price,
        sellers: raw['sellers'],
      })
      assert.equal(Number(texts[index]?.['sqft']), row['sqft'], 'to the last bit in the text too')
      assert.equal(texts[index]?.['street'], row['street'])
      assert.ok(price > former, 'in the order of the drop')
      former = price
    }
  }
})

test('a row that cannot be prepared is named by its drop, its number and the value', async (context) => {
  // Row 214 of the file, wherever the split has put it.
  for (const at of [213, 214, 215]) {
    const { folder, done, cut } = await prepare(context, `export default (row: any) => row.sqft === 300 + ${at} / 7 ? { ...${good}, age: Math.log(-1) } : ${good}`)
    const tested = (await read(context, join(cut.folder, 'test', 'test.parquet'))).some((row) => row['price'] === 1000 + at)
    if (tested) {
      await done
      continue
    }
    await assert.rejects(done, { code: 'prepare-failed', message: `./prepare.ts fails for row ${at + 1} of rows.csv: age is NaN, and must be a number.` })
    assert.ok(!existsSync(join(folder, 'prepared')), 'there is no half of it')
  }
})

test('a module that keeps something from row to row is found out', async (context) => {
  for (const source of [
    `let count = 0; export default (row: any) => ({ ...${good}, age: count++ })`,
    `let last = 0; export default (row: any) => { const age = last; last = row.built; return { ...${good}, age } }`,
    `const seen = new Set(); export default (row: any) => { seen.add(row.sqft); return { ...${good}, age: seen.size > 2500 ? 1 : 0 } }`,
    `const started = performance?.now?.() ?? 0; export default (row: any) => ({ ...${good}, age: started })`,
  ]) {
    const { done } = await prepare(context, source, { rows: 5000 })
    const code = source.includes('performance') ? 'prepare-unusable' : 'prepare-impure'
    await assert.rejects(done, (error) => error instanceof Error && 'code' in error && error.code === code && (code !== 'prepare-impure' || /gives two answers for row \d+ of rows\.csv: age is /.test(error.message)), source)
  }
})

test('a module that never comes back, or takes all memory, ends with a reason', async (context) => {
  // The first row of the file tests.
  const hanging = await prepare(context, `export default (row: any) => { for (;;); }`, { limits: { milliseconds: 6000 } })
  await assert.rejects(hanging.done, { code: 'prepare-failed', message: './prepare.ts fails for row 2 of rows.csv: it takes longer than 3000 milliseconds.' })
  const loading = await prepare(context, `for (;;); export default () => 1`, { limits: { milliseconds: 3000 } })
  await assert.rejects(loading.done, { code: 'prepare-failed', message: /fails for the training set: .* took longer than 3 seconds/ })
  const greedy = await prepare(context, `const kept: unknown[] = []; export default (row: any) => { for (let i = 0; ; i++) kept.push(new Array(10_000).fill(i)) }`, { limits: { memoryBytes: 400_000_000 } })
  await assert.rejects(greedy.done, { code: 'prepare-failed', message: /fails for the training set: / })
})

test('a module that is none, or breaks as it is loaded, is unusable', async (context) => {
  for (const source of ['export const prepare = 1', `throw new Error('not now')`]) {
    await assert.rejects((await prepare(context, source)).done, { code: 'prepare-unusable' }, source)
  }
})
