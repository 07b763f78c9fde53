import assert from 'node:assert/strict'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openDuckDb, rowsOf } from '../../src/data/duckdb.js'
import { openHistory } from '../../src/data/history.js'
import { splitSnapshot } from '../../src/data/split-snapshot.js'
import { buildSnapshot } from '../../src/data/build-snapshot.js'
import { columns, csvLines, read, sales } from './season.js'

const PARTS = 6000
const ROWS = 20
const byGroup = { kind: 'group', test: 0.3, validation: 0.2 } as const

test('6,000 parts are cut within the memory that a definition has by default', async (context) => {
  const folder = await temporaryFolder(context)
  const paths = await writeParts(context, folder)
  const parts = paths.map((path, index) => ({ drop: `d${index}`, path, object: '', sha256: `${index}`, rows: ROWS, bytes: 1 }))
  const limit = 2_000_000_000
  const cut = await splitSnapshot(
    { snapshot: buildSnapshot(parts, columns, { kind: 'all' }), parts, split: byGroup, task: 'regression', memoryBytes: limit, token: `${folder}/split`, workingFolder: folder, outputFolder: join(folder, 'sets') },
    new AbortController().signal,
  )
  assert.equal(cut.rows.train + cut.rows.validation + cut.rows.test, PARTS * ROWS)
  assert.equal(cut.leakage.groupsOnBothSides, 0)
})

test('rows keep their drop and their order, whatever parts have in common', async (context) => {
  const garden = { ...columns, garden: { type: 'category', role: 'feature', optional: true } as const }
  const later = csvLines(sales(20, 40)).map((line, index) => `${line},${index === 0 ? 'garden' : 'yes'}`).join('\n')
  const old = await read(context, { 'a.csv': csvLines(sales(20)).join('\n'), 'b.csv': csvLines(sales(20, 20)).join('\n') })
  const young = await read(context, { 'c.csv': later }, garden)
  const [a, b, c] = [old.parts[0]?.path ?? '', old.parts[1]?.path ?? '', young.parts[0]?.path ?? '']
  // The same content twice, and another form between.
  const order = [a, b, c, b, a, b]
  const connection = await openDuckDb({ memoryBytes: 500_000_000, spillFolder: join(await temporaryFolder(context), 'spill') })
  await openHistory(connection, order.map((path, index) => ({ drop: `d${index}`, path })), garden)
  const rows = await rowsOf(connection, 'select refit_drop, refit_row::double as refit_row, price, garden from history')
  connection.closeSync()
  const first: Readonly<Record<string, number>> = { [a]: 100_000, [b]: 100_020, [c]: 100_040 }
  const expected = order.flatMap((path, index) =>
    Array.from({ length: 20 }, (_, row) => ({ refit_drop: `d${index}`, refit_row: index * 1e12 + row, price: (first[path] ?? 0) + row, garden: path === c ? 'yes' : null })),
  )
  assert.deepEqual(rows, expected)
})

/** Many small parts, as a feed leaves them that delivers each minute; their rows are the same. */
async function writeParts(context: TestContext, folder: string): Promise<readonly string[]> {
  const { parts } = await read(context, { 'a.csv': csvLines(sales(ROWS)).join('\n') })
  const paths = Array.from({ length: PARTS }, (_, index) => join(folder, `${index}.parquet`))
  for (const path of paths) await copyFile(parts[0]?.path ?? '', path)
  return paths
}

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-many-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}
