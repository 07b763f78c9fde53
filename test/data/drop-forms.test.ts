import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { openDuckDb, rowsOf, text, type Row } from '../../src/data/duckdb.js'
import type { StoredColumn, StoredFormat } from '../../src/define/stored-definition.js'
import { otherForms } from './other-forms.js'
import { columns, csvLines, read, sales, type DropContent } from './season.js'

const rows = sales(300)
const lines = csvLines(rows)
const good = csvOf(lines)
const ndjson = rows.map((row) => JSON.stringify(row)).join('\n')

function csvOf(all: readonly string[]): string {
  return `${all.join('\n')}\n`
}

/** The file under UTF-16 with the first byte of each letter first. */
function bigEndian(words: string): Buffer {
  return Buffer.from(words, 'utf16le').swap16()
}

test('the same rows give the same part, in whatever form they arrive', async (context) => {
  const { csvZstd, parquet } = await otherForms(context, good)
  const quoted = csvOf(lines.map((line) => line.split(',').map((value) => `"${value}"`).join(';')))
  const reordered = csvOf(lines.map((line) => line.split(',').toReversed().join('\t')))
  const contents = {
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
    'old-mac.csv': good.replaceAll('\n', '\r'),
    'single-quotes.csv': csvOf(lines.map((line) => line.split(',').map((value) => `'${value}'`).join(','))),
    'blank-lines.csv': `${good}\n\n`,
    'numbers-in-blanks.csv': good.replaceAll(/,(\d{6}),(\d),/g, ', $1 ,  $2,'),
    'booleans-of-pandas.csv': good.replaceAll(/true$/gm, '1.0').replaceAll(/false$/gm, '0.0'),
    'times-elsewhere.csv': good.replaceAll(/T(\d\d):00:00.000Z/g, 'T$1:30:00+00:30'),
    'utf-16.csv': Buffer.from(`\uFEFF${good}`, 'utf16le'),
    'utf-16-big-endian.csv': bigEndian(`\uFEFF${good}`),
    'utf-16.csv.gz': gzipSync(Buffer.from(`\uFEFF${good}`, 'utf16le')),
    'utf-16.json': Buffer.from(`\uFEFF[${ndjson.replaceAll('\n', ',')}]`, 'utf16le'),
    'parquet-inside.gz': gzipSync(parquet),
    'json-inside.gz': gzipSync(ndjson),
    '../../etc/passwd': good,
    '-rf $(date) "\'\n.csv': good,
  }
  const { reading } = await read(context, contents)
  const first = reading('good.csv')
  assert.ok(first.accepted)
  assert.deepEqual([first.part.rows, first.part.oldest, first.part.newest], [300, '2026-01-01T00:00:00Z', '2026-01-13T11:00:00Z'])
  for (const form of Object.keys(contents)) {
    const found = reading(form)
    assert.ok(found.accepted, `${form}: ${JSON.stringify(found)}`)
    assert.equal(found.part.sha256, first.part.sha256, form)
  }
})

test('texts are kept to the letter: what looks like a date, a UUID or a number in JSON stays as it is', async (context) => {
  const odd = ['2026-01-01T00:00:00', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '007', '1e5', 'nan', 'a,b "c"', "l'été/~1 東京"]
  const objects = odd.map((house, index) => JSON.stringify({ ...rows[index], house })).join('\n')
  const { parts } = await read(context, { 'odd.ndjson': objects })
  const kept = await rowsIn(parts[0]?.path)
  assert.deepEqual(kept.map((row) => row['house']), odd)
})

test('a value in quotes may have any line end, whatever ends the lines', async (context) => {
  const house = 'a\nb\r\nc'
  const content = lines.map((line, index) => (index === 0 ? line : line.replace(/^h\d+/, `"${house}"`)))
  for (const end of ['\n', '\r\n']) {
    const { parts } = await read(context, { 'lines.csv': content.join(end) })
    assert.deepEqual(new Set((await rowsIn(parts[0]?.path)).map((row) => row['house'])), new Set([house]))
  }
})

test('a delimiter, a quote, an encoding or a missing header is read as it is declared', async (context) => {
  const town = 'Zürich – Œrlikon'
  const named = csvOf(lines.map((line) => line.replace(/^h1,/, `${town},`)))
  const windows = Buffer.from(named.replaceAll('–', '\u0096').replaceAll('Œ', '\u008c'), 'latin1')
  const declared: readonly (readonly [format: StoredFormat, content: string | Buffer])[] = [
    [{ delimiter: '^' }, named.replaceAll(',', '^')],
    [{ quote: '~' }, csvOf(named.trimEnd().split('\n').map((line, index) => (index === 0 ? line : line.split(',').map((value) => `~${value}~`).join(','))))],
    [{ encoding: 'windows-1252' }, windows],
    [{ encoding: 'windows-1252' }, gzipSync(windows)],
    [{ encoding: 'utf-16le' }, Buffer.from(named, 'utf16le')],
    [{ encoding: 'utf-16be' }, bigEndian(named)],
    [{ encoding: 'windows-1252' }, Buffer.from(`\uFEFF${named}`, 'utf16le')],
    [{ header: false }, csvOf(named.trimEnd().split('\n').slice(1))],
    [{ header: false, columns: Object.keys(columns).toReversed() }, csvOf(named.trimEnd().split('\n').slice(1).map((line) => line.split(',').toReversed().join(';')))],
  ]
  const plain = await partOf(context, { 'plain.csv': named })
  for (const [format, content] of declared) assert.equal(await partOf(context, { 'declared.csv': content }, format), plain, JSON.stringify(format))
})

test('a file in UTF-8 stays what it is where a single-byte encoding is declared: senders change over one after the other', async (context) => {
  const named = csvOf(lines.map((line) => line.replace(/^h1,/, 'Zürich – 東京,')))
  const plain = await partOf(context, { 'plain.csv': named })
  for (const encoding of ['windows-1252', 'latin-1'] as const) {
    for (const content of [named, gzipSync(named)]) assert.equal(await partOf(context, { 'plain.csv': content }, { encoding }), plain, encoding)
  }
})

test('latin-1 is not windows-1252: its letters are those of ISO 8859-1', async (context) => {
  const { parts } = await read(context, { 'latin.csv': Buffer.from(csvOf(lines.map((line) => line.replace(/^h1,/, 'Zürich,'))), 'latin1') }, columns, { format: { encoding: 'latin-1' } })
  assert.ok((await rowsIn(parts[0]?.path)).some((row) => row['house'] === 'Zürich'))
})

test('a drop of several files is one table in their order, whatever form each has', async (context) => {
  const half = (from: number, to: number): readonly string[] => [lines[0] ?? '', ...lines.slice(from + 1, to + 1)]
  const { csvZstd } = await otherForms(context, csvOf(half(200, 300)))
  const files = { 'part-1.csv': csvOf(half(0, 100)), 'part-2.csv.gz': gzipSync(csvOf(half(100, 200))), 'part-3.csv.zst': csvZstd, 'part-4.csv': csvOf(half(0, 0)) }
  const { parts } = await read(context, { week: files })
  const kept = await rowsIn(parts[0]?.path)
  assert.deepEqual(kept.map((row) => row['price']), rows.map(({ price }) => price))
})

test('each fault of a drop of several files names its file and the row in it', async (context) => {
  const bad = (row: number, words: string): string => csvOf(lines.with(row, words))
  const { reading } = await read(context, {
    values: { 'a.csv': good, 'b.csv': bad(7, 'h1,2026-01-02,cheap,3,08001,gas,true'), 'c.csv': bad(9, 'h1,2026-01-02,100,3,08001,coal,true') },
    ragged: { 'a.csv': good, 'b.csv': bad(7, 'h1,2026') },
    columns: { 'a.csv': good, 'b.csv': good.replace('zipcode', 'postcode') },
    empty: { 'a.csv': good, 'b.csv': '' },
    good: { 'a.csv': good },
  })
  const told = (key: string): unknown => {
    const found = reading(key)
    return found.accepted ? undefined : found.faults.map(({ file, code, samples, message }) => [file, code, samples?.[0]?.row, message.startsWith(`${file}: `)])
  }
  assert.deepEqual(told('values'), [['b.csv', 'wrong-type', 7, true], ['c.csv', 'category-not-allowed', 9, true]])
  assert.deepEqual(told('ragged'), [['b.csv', 'ragged-row', 7, true]])
  assert.deepEqual(told('columns'), [['b.csv', 'missing-column', undefined, true], ['b.csv', 'unexpected-column', undefined, true]])
  assert.deepEqual(told('empty'), [['b.csv', 'empty', undefined, true]])
  assert.equal(told('good'), undefined)
})

/** What Parquet says a column holds, in SQL, and what the contract makes of it. */
const typed: readonly (readonly [given: string, type: StoredColumn['type'], kept: unknown])[] = [
  ['98029.0::double', 'category', '98029'],
  ['98029.5::float', 'category', '98029.5'],
  ['98029::bigint', 'text', '98029'],
  ['12.50::decimal(9, 2)', 'category', '12.50'],
  ['12.50::decimal(9, 2)', 'number', 12.5],
  ['98029::hugeint', 'number', 98_029],
  ['true', 'category', 'true'],
  ["'blue'::blob", 'category', 'blue'],
  ["'blue'::enum('red', 'blue')", 'category', 'blue'],
  ["uuid 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", 'text', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ["date '2026-01-02'", 'time', '2026-01-02 00:00:00'],
  ["timestamptz '2026-01-02 03:00:00+02'", 'time', '2026-01-02 01:00:00'],
  ["timestamp_ns '2026-01-02 03:04:05.123456789'", 'time', '2026-01-02 03:04:05.123456'],
  ["timestamp_ms '2026-01-02 03:04:05.123'", 'time', '2026-01-02 03:04:05.123'],
  ['1::tinyint', 'boolean', true],
]

test('the types of Parquet become those of the contract, whole numbers without their point', async (context) => {
  for (const [given, type, kept] of typed) {
    const { parts } = await read(context, { 'typed.parquet': await parquetOf(context, `${given} as x, 1 as y`) }, plainContract(type))
    assert.equal((await rowsIn(parts[0]?.path, type === 'time' ? 'x::varchar as x' : 'x'))[0]?.['x'], kept, `${given} as ${type}`)
  }
})

test('lists, structures and bytes of Parquet are refused by the name of their column', async (context) => {
  for (const given of ['[1, 2]', "{'a': 1}", "map {'a': 1}"]) {
    const { reading } = await read(context, { 'nested.parquet': await parquetOf(context, `${given} as x, 1 as y`) }, plainContract('category'))
    const found = reading('nested.parquet')
    assert.ok(!found.accepted)
    assert.deepEqual(found.faults.map(({ code, column }) => [code, column]), [['unsupported-type', 'x']], given)
  }
})

function plainContract(type: StoredColumn['type']): Readonly<Record<string, StoredColumn>> {
  return { x: { type, role: 'feature', optional: false }, y: { type: 'number', role: 'target', optional: false } }
}

/** A Parquet file with one row. */
async function parquetOf(context: TestContext, selection: string): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-parquet-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'one.parquet')
  const connection = await openDuckDb({ memoryBytes: 500_000_000, spillFolder: join(folder, 'spill') })
  await connection.run(`copy (select ${selection}) to ${text(file)} (format parquet)`)
  return readFile(file)
}

async function rowsIn(path: string | undefined, selection = '*'): Promise<readonly Row[]> {
  assert.ok(path !== undefined, 'no part')
  const connection = await openDuckDb({ memoryBytes: 500_000_000, spillFolder: join(tmpdir(), 'refit-unused') })
  return rowsOf(connection, `select ${selection} from read_parquet(${text(path)})`)
}

/** The name of the part that a drop becomes. */
async function partOf(context: TestContext, contents: Readonly<Record<string, DropContent>>, format: StoredFormat = {}): Promise<string> {
  const { parts, reading } = await read(context, contents, columns, { format })
  assert.equal(parts.length, 1, JSON.stringify(Object.keys(contents).map(reading)))
  return parts[0]?.sha256 ?? ''
}
