import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { heldRows, type Holding } from '../../src/data/held-rows.js'
import type { StoredColumn } from '../../src/define/stored-definition.js'
import { writeRows } from '../support/judged-models.js'

const folder = await mkdtemp(join(tmpdir(), 'refit-held-'))
after(() => rm(folder, { recursive: true, force: true }))

const column = (type: StoredColumn['type'], role: StoredColumn['role'] = 'feature'): StoredColumn => ({ type, role, optional: true })
const columns = { house: column('text', 'group'), area: column('number'), price: column('number', 'target') }
const keyed = { ...columns, house: column('text', 'key') }

/** As `testRows` has them. */
const TEST_ROWS = 6
let written = 0
/** For rows of (house, area, price), as SQL: how the test set's are held by those of the parts. */
async function held(tested: string, parts: readonly string[], of: Omit<Holding, 'parts'>): Promise<readonly number[]> {
  const at = join(folder, String((written += 1)))
  await mkdir(join(at, 'test'), { recursive: true })
  await writeRows(join(at, 'test', 'test.parquet'), `select *, house as refit_unit, 'new' as refit_drop from (${tested})`)
  const files = await Promise.all(parts.map(async (part, index) => ({ drop: `d${index}`, path: await writeRows(join(at, `part-${index}.parquet`), part) })))
  return Array.from(await heldRows(at, TEST_ROWS, { parts: files, ...of }))
}

const rows = (...values: readonly string[]): string => `select * from (values ${values.map((value) => `(${value})`).join(', ')}) as t(house, area, price)`
const former = [rows("'a', 1.0::double, 10.0::double", "'b', 2.0, null"), rows("'c', 3.0::double, 30.0::double")]
const testRows = rows("'a', 1.0::double, 10.0::double", "'a', 1.5, 10.0", "'a', 1.0, 11.0", "'b', 2.0, null", "'c', 3.5, 30.0", "'d', 1.0, 10.0")

test('without a key a row is held with equal values in all columns; another row of its group is one of a unit that is', async () => {
  assert.deepEqual(await held(testRows, former, { columns }), [2, 1, 1, 2, 1, 0])
})

test('with a key it is the same row whatever its features are now, as long as its target is', async () => {
  for (const kind of ['append', 'replace', 'upsert'] as const) assert.deepEqual(await held(testRows, former, { columns: keyed, delivery: kind === 'append' ? undefined : { kind } }), [2, 2, 1, 2, 2, 0])
})

test('of a table that comes again as a whole the group stands for a key, for features often differ each time', async () => {
  assert.deepEqual(await held(testRows, former, { columns, delivery: { kind: 'replace' } }), [2, 2, 1, 2, 2, 0])
})

test('columns that some parts lack are not looked at, and the group may be one of them', async () => {
  const lacking = [former[0] ?? '', 'select house, price from (' + (former[1] ?? '') + ')']
  assert.deepEqual(await held(testRows, lacking, { columns }), [2, 2, 1, 2, 2, 0])
  const ungrouped = ['select area, price from (' + (former[0] ?? '') + ')']
  assert.deepEqual(await held(testRows, ungrouped, { columns }), [2, 0, 0, 2, 0, 2])
})

test('a row that only says that its key is deleted holds nothing', async () => {
  assert.deepEqual(await held(testRows, [`select *, house = 'a' as refit_deleted from (${former[0] ?? ''})`], { columns: keyed, delivery: { kind: 'upsert' } }), [0, 0, 0, 2, 0, 0])
})

test('without parts nothing is held, and parts that cannot be read under the contract of today may hold all', async () => {
  assert.deepEqual(await held(testRows, [], { columns }), [0, 0, 0, 0, 0, 0])
  assert.deepEqual(await held(testRows, ["select 'a' as house, 'wide' as area, 10.0::double as price"], { columns }), [2, 2, 2, 2, 2, 2])
})
