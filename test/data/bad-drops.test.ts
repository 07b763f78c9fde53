import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { openDuckDb, rowsOf, text } from '../../src/data/duckdb.js'
import type { DropFault, DropReading } from '../../src/data/snapshot.js'
import { sendSignal } from '../../src/processes/end.js'
import { processesWithToken } from '../../src/processes/proc.js'
import { columns, csvLines, read, sales } from './season.js'

const rows = sales(300)
const lines = csvLines(rows)
const good = csvOf(lines)
const ndjson = rows.map((row) => JSON.stringify(row)).join('\n')

/** The file with row `row` (1 is the first data row) in other words. */
function withRow(row: number, words: string): string {
  return csvOf(lines.with(row, words))
}

function csvOf(all: readonly string[]): string {
  return `${all.join('\n')}\n`
}

/** What each bad file is refused for: code, column, row and words of the first fault. */
const bad: Readonly<Record<string, { readonly content: string | Buffer; readonly code: string; readonly column?: string; readonly row?: number; readonly says: RegExp }>> = {
  'empty.csv': { content: '', code: 'empty', says: /0 bytes/ },
  'header-only.csv': { content: csvOf(lines.slice(0, 1)), code: 'no-rows', says: /header but no rows/ },
  'blank.csv': { content: '\n\n', code: 'no-header', says: /first line is empty/ },
  'no-header.csv': { content: csvOf(lines.slice(1)), code: 'no-known-column', says: /begins: h0, 2026-01-01/ },
  'a-page.csv': { content: '<!doctype html>\n<p>Not found</p>\n', code: 'no-known-column', says: /<!doctype html>/ },
  'cut-off.csv.gz': { content: gzipSync(good).subarray(0, 1500), code: 'damaged', says: /gzip file is cut off/ },
  'cut-off-at-the-end.csv.gz': { content: gzipSync(good).subarray(0, -5), code: 'damaged', says: /gzip file is cut off/ },
  'too-few.csv': { content: withRow(40, 'h39,2026-01-02'), code: 'ragged-row', row: 40, says: /^Row 40 has 2 values, the header has 7/ },
  'too-many.csv': { content: withRow(3, `${lines[3] ?? ''},extra`), code: 'ragged-row', row: 3, says: /^Row 3 has more values than the header/ },
  'cut-off.csv': { content: good.slice(0, -12), code: 'ragged-row', row: 300, says: /^Row 300 has/ },
  'open-quote.csv': { content: withRow(20, `"${lines[20] ?? ''}`), code: 'open-quote', row: 20, says: /^Row 20 has a quote that is not closed/ },
  'words.csv': { content: withRow(17, 'h1,2026-01-02,cheap,3,08001,gas,true'), code: 'wrong-type', column: 'price', row: 17, says: /price: 1 row with something that is no number/ },
  'no-time.csv': { content: withRow(17, 'h1,yesterday,100,3,08001,gas,true'), code: 'wrong-type', column: 'sold', row: 17, says: /no time/ },
  'no-boolean.csv': { content: withRow(17, 'h1,2026-01-02,100,3,08001,gas,perhaps'), code: 'wrong-type', column: 'renovated', row: 17, says: /no boolean/ },
  'no-target-column.csv': { content: good.replaceAll(/^([^,]*,[^,]*),[^,]*/gm, '$1'), code: 'missing-column', column: 'price', says: /price, the target, is missing/ },
  'no-target.csv': { content: withRow(17, 'h1,2026-01-02,,3,08001,gas,true'), code: 'missing-target', column: 'price', row: 17, says: /target has no value in 1 row/ },
  'no-group.csv': { content: withRow(17, ',2026-01-02,100,3,08001,gas,true'), code: 'missing-value', column: 'house', row: 17, says: /no value in 1 row/ },
  'twice.csv': { content: good.replace('rooms', 'price'), code: 'duplicate-column', column: 'price', says: /price is there twice/ },
  'twice-nearly.csv': { content: good.replace('rooms', 'Price'), code: 'duplicate-column', column: 'Price', says: /upper and lower case only/ },
  'unnamed.csv': { content: good.replace('rooms', ''), code: 'unnamed-column', says: /Column 4 of the header has no name/ },
  'more.csv': { content: good.replace('rooms', 'chambers'), code: 'unexpected-column', column: 'chambers', says: /chambers is not in the contract/ },
  'latin-1.csv': { content: Buffer.from(withRow(30, 'Zürich,2026-01-02,100,3,08001,gas,true'), 'latin1'), code: 'wrong-encoding', row: 30, says: /^Row 30 is not UTF-8/ },
  'utf-16.csv': { content: Buffer.from(`\uFEFF${good}`, 'utf16le'), code: 'wrong-encoding', says: /not UTF-8/ },
  'too-cheap.csv': { content: withRow(17, 'h1,2026-01-02,0.5,3,08001,gas,true'), code: 'out-of-range', column: 'price', row: 17, says: /below the smallest allowed value 1/ },
  'too-dear.csv': { content: withRow(17, 'h1,2026-01-02,5e6,3,08001,gas,true').replace('5e6', '5000001'), code: 'out-of-range', column: 'price', row: 17, says: /above the largest allowed value 5000000/ },
  'infinite.csv': { content: withRow(17, 'h1,2026-01-02,inf,3,08001,gas,true'), code: 'not-finite', column: 'price', row: 17, says: /NaN or infinity/ },
  'coal.csv': { content: withRow(17, 'h1,2026-01-02,100,3,08001,coal,true'), code: 'category-not-allowed', column: 'heating', row: 17, says: /category that is not allowed/ },
  'broken.ndjson': { content: `${ndjson.slice(0, -30)}\n`, code: 'unreadable', row: 300, says: /^Row 300 is not valid JSON/ },
  'words.ndjson': { content: ndjson.replace('"price":100016', '"price":"cheap"'), code: 'wrong-type', column: 'price', row: 17, says: /no number/ },
  'no-target.ndjson': { content: ndjson.replace('"price":100016,', ''), code: 'missing-target', column: 'price', row: 17, says: /no value in 1 row/ },
  'twice.ndjson': { content: ndjson.replace('"rooms":', '"price":1,"rooms":'), code: 'duplicate-column', column: 'price', says: /price is there twice/ },
  'no-objects.json': { content: '[1, 2]', code: 'unreadable', row: 1, says: /^Row 1 is no JSON object/ },
  'nothing.json': { content: '[]', code: 'no-rows', says: /no rows/ },
  'no-parquet.parquet': { content: good, code: 'unreadable', says: /^The file cannot be read/ },
  'hardly.parquet': { content: 'PAR1', code: 'unreadable', says: /^The file cannot be read/ },
}

test('every bad drop is refused in words that name its place, and a good one beside them is accepted', async (context) => {
  const contents = Object.fromEntries(Object.entries(bad).map(([key, { content }]) => [key, content]))
  const { reading, parts, outputFolder } = await read(context, { ...contents, 'good.csv': good })
  for (const [key, expected] of Object.entries(bad)) {
    const found = reading(key)
    assert.ok(!found.accepted, key)
    const [fault] = found.faults
    assert.ok(fault !== undefined)
    const place = { code: fault.code, column: fault.column, row: fault.samples?.[0]?.row }
    assert.deepEqual(place, { code: expected.code, column: expected.column, row: expected.row }, `${key}: ${JSON.stringify(fault)}`)
    assert.match(fault.message, expected.says, key)
    assert.doesNotMatch(fault.message, /\/(tmp|var)\//, key)
  }
  assert.equal(parts.length, 1)
  const accepted = reading('good.csv')
  assert.ok(accepted.accepted)
  assert.equal(accepted.part.rows, 300)
  assert.deepEqual((await readdir(outputFolder)).filter((name) => name !== 'spill'), [`${accepted.part.sha256}.parquet`])
})

test('all faults of a drop are told at once, each with its rows and the first few of them', async (context) => {
  const content = csvOf(lines.map((line, index) => (index === 0 || index > 8 ? line : line.replace(/,\d+,\d,/, ',cheap,,').replace('gas', 'coal'))))
  const { reading } = await read(context, { 'many.csv': content })
  const found = reading('many.csv')
  assert.ok(!found.accepted)
  const told = found.faults.map(({ code, column, rows: count, samples }: DropFault) => [code, column, count, samples?.map(({ row }) => row)])
  assert.deepEqual(told, [
    ['wrong-type', 'price', 8, [1, 2, 3, 4, 5]],
    ['category-not-allowed', 'heating', 4, [1, 3, 5, 7]],
  ])
})

test('the same rows give the same part, in whatever form they arrive', async (context) => {
  const { csvZstd, parquet } = await otherForms(context)
  const quoted = csvOf(lines.map((line) => line.split(',').map((value) => `"${value}"`).join(';')))
  const reordered = csvOf(lines.map((line) => line.split(',').toReversed().join('\t')))
  const { reading } = await read(context, {
    'good.csv': good,
    'good.csv.gz': gzipSync(good),
    'members.csv.gz': Buffer.concat([gzipSync(good.slice(0, 3000)), gzipSync(good.slice(3000))]),
    'good.csv.zst': csvZstd,
    'good.parquet': parquet,
    'parquet-by-its-content': parquet,
    'good.ndjson': ndjson,
    'good.ndjson.gz': gzipSync(ndjson),
    'good.json': `[${rows.map((row) => JSON.stringify(row)).join(',\n')}]`,
    'json-by-its-content': ndjson,
    'mark.csv': `\uFEFF${good}`,
    'windows.csv': good.replaceAll('\n', '\r\n'),
    'quoted.csv': quoted,
    'reordered.tsv': reordered,
    'no-last-newline.csv': good.trimEnd(),
  })
  const first = reading('good.csv')
  assert.ok(first.accepted)
  assert.deepEqual([first.part.rows, first.part.oldest, first.part.newest], [300, '2026-01-01T00:00:00Z', '2026-01-13T11:00:00Z'])
  const forms = ['good.csv.gz', 'members.csv.gz', 'good.csv.zst', 'good.parquet', 'parquet-by-its-content', 'good.ndjson', 'good.ndjson.gz', 'good.json', 'json-by-its-content', 'mark.csv', 'windows.csv', 'quoted.csv', 'reordered.tsv', 'no-last-newline.csv']
  for (const form of forms) {
    const found = reading(form)
    assert.ok(found.accepted, `${form}: ${JSON.stringify(found)}`)
    assert.equal(found.part.sha256, first.part.sha256, form)
  }
})

test('a compressed or Parquet file that was cut off anywhere is refused', async (context) => {
  const { csvZstd, parquet } = await otherForms(context)
  const whole = { 'csv.gz': gzipSync(good), 'csv.zst': csvZstd, parquet }
  const cut = Object.entries(whole).flatMap(([ending, content]) => [1, 4, 9, 100, content.length / 2, content.length - 6].map((less) => [`less-${less}.${ending}`, content.subarray(0, content.length - less)] as const))
  const { parts } = await read(context, Object.fromEntries(cut))
  assert.deepEqual(parts, [])
})

test('texts are kept to the letter: what looks like a date, a UUID or a number in JSON stays as it is', async (context) => {
  const odd = ['2026-01-01T00:00:00', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '007', '1e5', 'nan', 'a,b "c"', "l'été/~1 東京"]
  const objects = odd.map((house, index) => JSON.stringify({ ...rows[index], house })).join('\n')
  const { parts } = await read(context, { 'odd.ndjson': objects })
  const [part] = parts
  assert.ok(part !== undefined)
  const connection = await openDuckDb({ memoryBytes: 500_000_000, spillFolder: join(tmpdir(), 'refit-unused') })
  const kept = await rowsOf(connection, `select house from read_parquet(${text(part.path)})`)
  assert.deepEqual(kept.map((row) => row['house']), odd)
})

/** The good rows as zstd-compressed CSV, and as Parquet with types of its own. */
async function otherForms(context: TestContext): Promise<{ readonly csvZstd: Buffer; readonly parquet: Buffer }> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-forms-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  const at = (file: string): string => text(join(folder, file))
  await writeFile(join(folder, 'good.csv'), good)
  const connection = await openDuckDb({ memoryBytes: 500_000_000, spillFolder: join(folder, 'spill') })
  await connection.run(`create table given as select * from read_csv(${at('good.csv')}, all_varchar = true)`)
  await connection.run(`copy given to ${at('good.csv.zst')} (format csv, compression zstd)`)
  const typed = Object.entries(columns).map(([column, { type }]) => `${column}::${type === 'number' ? 'bigint' : type === 'time' ? 'timestamp' : type === 'boolean' ? 'boolean' : 'varchar'} as ${column}`)
  await connection.run(`copy (select ${typed.join(', ')} from given) to ${at('good.parquet')} (format parquet)`)
  return { csvZstd: await readFile(join(folder, 'good.csv.zst')), parquet: await readFile(join(folder, 'good.parquet')) }
}

test('a gzip file that holds far more than its size is refused before it fills the disk', async (context) => {
  const { reading } = await read(context, { 'bomb.csv.gz': gzipSync(Buffer.alloc(300 * 1024 ** 2, '0')), 'good.csv': good })
  assert.ok(reading('good.csv').accepted)
  assert.match(faultOf(reading('bomb.csv.gz')), /holds more than 200 times its size/)
})

test('a drop that takes its reader down is refused, and holds up no other', async (context) => {
  const killer = killWhoeverReads('raw-0')
  context.after(() => killer.stop())
  const { reading } = await read(context, { 'deadly.csv': csvOf(csvLines(sales(300_000))), 'good.csv': good })
  assert.ok(killer.killed() >= 3, 'once with the other, twice alone')
  assert.ok(reading('good.csv').accepted)
  assert.match(faultOf(reading('deadly.csv')), /^It cannot be read: read-drops ended by SIGKILL\./)
})

/** Kills every reader of drops that has a file of this name open. */
function killWhoeverReads(name: string): { killed(): number; stop(): Promise<void> } {
  const killed = new Set<number>()
  const stopped = new AbortController()
  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      for (const pid of await processesWithToken((token) => token.endsWith('/read'))) {
        const files = await readdir(`/proc/${pid}/fd`).catch(() => [])
        const targets = await Promise.all(files.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')))
        if (!targets.some((target) => target.endsWith(`/${name}`))) continue
        killed.add(pid)
        sendSignal(pid, 'SIGKILL')
      }
      await delay(2)
    }
  }
  const done = loop()
  return {
    killed: () => killed.size,
    stop: async () => {
      stopped.abort()
      await done
    },
  }
}

function faultOf(reading: DropReading): string {
  assert.ok(!reading.accepted)
  return reading.faults[0]?.message ?? ''
}
