import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { buildSnapshot } from '../../src/data/build-snapshot.js'
import { openDuckDb, rowsOf, text } from '../../src/data/duckdb.js'
import { readDrops } from '../../src/data/read-drops.js'
import type { DropReading, Sets } from '../../src/data/snapshot.js'
import { splitSnapshot } from '../../src/data/split-snapshot.js'
import type { StoredColumn, StoredDelivery } from '../../src/define/stored-definition.js'
import { seededRandom } from '../support/seeded-random.js'

const columns: Readonly<Record<string, StoredColumn>> = {
  id: { type: 'text', role: 'key', optional: false },
  rooms: { type: 'number', role: 'feature', optional: false, min: 1 },
  zipcode: { type: 'category', role: 'feature', optional: false, values: ['98001', '98002'] },
  price: { type: 'number', role: 'target', optional: false, min: 1 },
}
const upsert: StoredDelivery = { kind: 'upsert', deleted: 'gone' }
const memoryBytes = 1_000_000_000

interface World {
  readonly folder: string
  readonly reading: (file: string) => DropReading
  /** The prices of all sides, with the side of each, as the sets have them. */
  cut(delivery?: StoredDelivery): Promise<{ readonly sets: Sets; readonly sides: ReadonlyMap<number, string> }>
}

/** Reads CSV files as drops, in their order, and cuts what is accepted. */
async function deliver(context: TestContext, files: readonly string[], deleted: string | undefined = 'gone', contract = columns): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-delivery-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  const outputFolder = join(folder, 'parts')
  await mkdir(outputFolder)
  const drops = files.map((_, index) => ({ id: `d${index}`, key: `${index}.csv`, path: join(folder, `${index}.csv`), released: false }))
  for (const [index, content] of files.entries()) await writeFile(join(folder, `${index}.csv`), content)
  const never = new AbortController().signal
  const readings = await readDrops({ drops, columns: contract, deleted, memoryBytes, token: `${folder}/read`, workingFolder: folder, outputFolder }, never)
  const parts = drops.flatMap(({ id }) => {
    const reading = readings.get(id)
    return reading?.accepted === true ? [{ ...reading.part, path: join(outputFolder, `${reading.part.sha256}.parquet`) }] : []
  })
  return {
    folder,
    reading: (file) => readings.get(`d${file}`) ?? assert.fail(),
    cut: async (delivery = upsert) => {
      const target = join(folder, `sets-${delivery.kind}`)
      const snapshot = buildSnapshot(parts, contract, { kind: 'all' }, delivery)
      const sets = await splitSnapshot(
        { snapshot, parts, split: { kind: 'group', test: 0.3, validation: 0.2 }, task: 'regression', memoryBytes, token: `${folder}/cut`, workingFolder: folder, outputFolder: target },
        never,
      )
      const connection = await openDuckDb({ memoryBytes, spillFolder: join(folder, 'spill') })
      const sides = new Map<number, string>()
      for (const side of ['train', 'validation', 'test']) {
        for (const row of await rowsOf(connection, `select price from read_parquet(${text(join(target, side, `${side}.parquet`))})`)) {
          assert.ok(!sides.has(Number(row['price'])), 'a row is there once')
          sides.set(Number(row['price']), side)
        }
      }
      return { sets, sides }
    },
  }
}

test('with upsert the sets have of each key the newest row unless it deletes it, as an independent query over the files says', async (context) => {
  const random = seededRandom(context)
  let price = 0
  const files = Array.from({ length: 12 }, () => {
    const lines = Array.from({ length: 40 + random.below(80) }, () => {
      const id = `house-${random.below(150)}`
      price += 1
      // A tombstone may lack all else, or be full.
      const tombstone = random.below(5)
      if (tombstone === 0) return `${id},,,,true`
      return `${id},${1 + random.below(6)},9800${1 + random.below(2)},${price},${tombstone === 1 ? 'yes' : random.below(2) === 0 ? 'false' : ''}`
    })
    return `id,rooms,zipcode,price,gone\n${lines.join('\n')}\n`
  })
  const world = await deliver(context, files)
  const { sides, sets } = await world.cut()

  const connection = await openDuckDb({ memoryBytes, spillFolder: join(world.folder, 'spill-check') })
  const all = files.map((_, index) => `select *, ${index} as file, row_number() over () as line from read_csv(${text(join(world.folder, `${index}.csv`))}, all_varchar = true, header = true, parallel = false)`)
  const expected = await rowsOf(
    connection,
    `select price::int as price from (select *, row_number() over (partition by id order by file desc, line desc) as age from (${all.join(' union all ')})) where age = 1 and coalesce(gone, '') not in ('true', 'yes') order by 1`,
  )
  assert.ok(expected.length > 50)
  assert.deepEqual([...sides.keys()].toSorted((a, b) => a - b), expected.map((row) => Number(row['price'])), random.seed)
  assert.equal(sets.rows.train + sets.rows.validation + sets.rows.test, expected.length)
})

test('a key stays on its side when its row is replaced, and comes back to it after it was deleted', async (context) => {
  const ids = Array.from({ length: 200 }, (_, index) => `h${index}`)
  const week = (from: number): string => `id,rooms,zipcode,price,gone\n${ids.map((id, index) => `${id},3,98001,${from + index},`).join('\n')}\n`
  const tombstones = `id,rooms,zipcode,price,gone\n${ids.map((id) => `${id},,,,1`).join('\n')}\n`
  const before = await (await deliver(context, [week(1000)])).cut()
  const after = await (await deliver(context, [week(1000), week(2000), tombstones, week(3000)])).cut()
  for (const [index] of ids.entries()) assert.equal(after.sides.get(3000 + index), before.sides.get(1000 + index))
  assert.equal(after.sides.size, ids.length)
})

test('rows that only delete are no rows in any other kind of delivery', async (context) => {
  const lines = Array.from({ length: 100 }, (_, index) => `h${index},2,98001,${index + 1},`)
  const world = await deliver(context, [`id,rooms,zipcode,price,gone\n${lines.join('\n')}\n`, `id,rooms,zipcode,price,gone\nh1,,,,true\nh2,,,,true\n`])
  assert.equal((await world.cut({ kind: 'append' })).sides.size, 100)
  assert.equal((await world.cut()).sides.size, 98)
})

test('only rows that delete may be empty; every row needs its key, and the column must tell true or false', async (context) => {
  const head = 'id,rooms,zipcode,price,gone\n'
  const world = await deliver(context, [`${head}h1,,98001,7,false\n`, `${head},,,,true\n`, `${head}h1,3,98001,7,perhaps\n`, 'id,rooms,zipcode,price\nh1,3,98001,7\n', `${head}h1,0,98009,-4,true\n`])
  const faults = (file: string): readonly string[] => {
    const reading = world.reading(file)
    return reading.accepted ? [] : reading.faults.map(({ code, column }) => `${code} ${column ?? ''}`)
  }
  assert.deepEqual(['0', '1', '2', '3', '4'].map(faults), [['missing-value rooms'], ['missing-value id'], ['wrong-type gone'], ['missing-column gone'], []])
})

test('a snapshot of an upsert has a digest of its own; one that has all rows keeps the digest of before there were others', () => {
  const part = { drop: 'd1', object: 'parts/a.parquet', sha256: 'a', rows: 1, bytes: 1 }
  const digest = (delivery?: StoredDelivery): string => buildSnapshot([part], columns, { kind: 'all' }, delivery).digest
  assert.equal(digest({ kind: 'append' }), digest())
  assert.equal(digest({ kind: 'replace' }), digest())
  assert.notEqual(digest({ kind: 'upsert' }), digest())
  assert.notEqual(digest({ kind: 'upsert' }), digest(upsert))
})
