import { gzipSync } from 'node:zlib'
import { csvLines, sales } from './season.js'

/** One kind of bad file: how it is made, and what its first fault must say. */
export interface BadFile {
  readonly content: string | Buffer
  readonly code: string
  readonly column?: string
  /** 1 is the first data row. */
  readonly row?: number
  readonly says: RegExp
}

const rows = sales(300)
const lines = csvLines(rows)
const good = csvOf(lines)
const ndjson = rows.map((row) => JSON.stringify(row)).join('\n')
const header = lines[0] ?? ''

/** The file with row `row` (1 is the first data row) in other words. */
function withRow(row: number, words: string): string {
  return csvOf(lines.with(row, words))
}

function csvOf(all: readonly string[]): string {
  return `${all.join('\n')}\n`
}

function object(row: number, change: Readonly<Record<string, unknown>>): string {
  return rows.map((each, index) => JSON.stringify(index === row - 1 ? { ...each, ...change } : each)).join('\n')
}

/** Files that are no table, cut off, or in another encoding. */
const files: Readonly<Record<string, BadFile>> = {
  'empty.csv': { content: '', code: 'empty', says: /0 bytes/ },
  'empty.parquet': { content: '', code: 'empty', says: /0 bytes/ },
  'empty-inside.csv.gz': { content: gzipSync(''), code: 'empty', says: /0 bytes/ },
  'excel.csv': { content: Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(500, 7)]), code: 'other-format', says: /Excel workbook/ },
  'old-excel.csv': { content: Buffer.concat([Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]), Buffer.alloc(500)]), code: 'other-format', says: /old Excel workbook/ },
  'pickle.csv': { content: Buffer.from('80049525000000000000007d94288c', 'hex'), code: 'other-format', says: /Python pickle/ },
  'a-page.csv': { content: '<!doctype html>\n<p>Not found</p>\n', code: 'other-format', says: /web page/ },
  'access-denied.json': { content: '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', code: 'other-format', says: /XML/ },
  'report.csv': { content: '%PDF-1.7\n%\u00e2\u00e3\n', code: 'other-format', says: /PDF/ },
  'sales.csv.bz2': { content: Buffer.from('BZh91AY&SY'), code: 'other-format', says: /bzip2/ },
  'sales.csv.xz': { content: Buffer.from('fd377a585a000004', 'hex'), code: 'other-format', says: /xz/ },
  'sales.orc': { content: Buffer.from('ORC\u0011\u0000'), code: 'other-format', says: /ORC/ },
  'sales.avro': { content: Buffer.from('Obj\u0001\u0004'), code: 'other-format', says: /Avro/ },
  'sales.feather': { content: Buffer.from('ARROW1\u0000\u0000'), code: 'other-format', says: /Arrow/ },
  'sales.sqlite': { content: Buffer.from('SQLite format 3\u0000'), code: 'other-format', says: /SQLite/ },
  'page-inside.csv.gz': { content: gzipSync('<html><body>502 Bad Gateway</body></html>'), code: 'other-format', says: /web page/ },
  'cut-off.csv.gz': { content: gzipSync(good).subarray(0, 1500), code: 'damaged', says: /gzip file is cut off/ },
  'cut-off-at-the-end.csv.gz': { content: gzipSync(good).subarray(0, -5), code: 'damaged', says: /gzip file is cut off/ },
  'broken-inside.csv.gz': { content: broken(gzipSync(good)), code: 'damaged', says: /gzip file is cut off or damaged/ },
  'rubbish-behind.csv.gz': { content: Buffer.concat([gzipSync(good), Buffer.from('\u001f\u008brubbish', 'latin1')]), code: 'damaged', says: /gzip file is cut off or damaged/ },
  'hardly.csv.gz': { content: Buffer.from([0x1f, 0x8b]), code: 'damaged', says: /gzip file is cut off/ },
  'hardly.csv.zst': { content: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), code: 'damaged', says: /zstd file is cut off/ },
  'latin-1.csv': { content: Buffer.from(withRow(30, 'Zürich,2026-01-02,100,3,08001,gas,true'), 'latin1'), code: 'wrong-encoding', row: 30, says: /^Row 30 is not UTF-8.*declare/ },
  'latin-1-header.csv': { content: Buffer.from(good.replace('rooms', 'Räume'), 'latin1'), code: 'wrong-encoding', says: /not UTF-8/ },
  'utf-16-without-mark.csv': { content: Buffer.from(good, 'utf16le'), code: 'wrong-encoding', says: /looks like UTF-16.*declare/ },
  'utf-16-cut-off.csv': { content: Buffer.from(`\uFEFF${good}`, 'utf16le').subarray(0, -1), code: 'wrong-encoding', says: /not valid UTF-16/ },
  'utf-16-half-a-letter.csv': { content: Buffer.from(`\uFEFF${withRow(30, 'h\uD83D,2026-01-02,100,3,08001,gas,true')}`, 'utf16le'), code: 'wrong-encoding', says: /not valid UTF-16/ },
  'latin-1.ndjson': { content: Buffer.from(object(30, { house: 'Zürich' }), 'latin1'), code: 'wrong-encoding', row: 30, says: /^Row 30 is not UTF-8/ },
}

/** Text whose header or rows are no table. */
const texts: Readonly<Record<string, BadFile>> = {
  'header-only.csv': { content: csvOf(lines.slice(0, 1)), code: 'no-rows', says: /header but no rows/ },
  'header-only-unended.csv': { content: header, code: 'no-rows', says: /header but no rows/ },
  'blank.csv': { content: '\n\n', code: 'no-header', says: /first line is empty/ },
  'blank-first.csv': { content: `\n${good}`, code: 'no-header', says: /first line is empty/ },
  'spaces.csv': { content: '   \n  \n', code: 'unnamed-column', says: /Column 1 of the header has no name/ },
  'no-header.csv': { content: csvOf(lines.slice(1)), code: 'no-known-column', says: /begins: h0, 2026-01-01.*header: false/ },
  'title-first.csv': { content: `Sales of January\n${good}`, code: 'no-known-column', says: /begins: Sales of January/ },
  'sql.csv': { content: 'ERROR: relation "sales" does not exist\n', code: 'no-known-column', says: /begins: ERROR/ },
  'other-delimiter.csv': { content: good.replaceAll(',', '^'), code: 'no-known-column', says: /begins: house\^sold/ },
  'shouted.csv': { content: good.replace(header, header.toUpperCase()), code: 'no-known-column', says: /begins: HOUSE, SOLD/ },
  'twice.csv': { content: good.replace('rooms', 'price'), code: 'duplicate-column', column: 'price', says: /price is there twice/ },
  'twice-nearly.csv': { content: good.replace('rooms', 'Price'), code: 'duplicate-column', column: 'Price', says: /upper and lower case only/ },
  'unnamed.csv': { content: good.replace('rooms', ''), code: 'unnamed-column', says: /Column 4 of the header has no name/ },
  'index-column.csv': { content: csvOf(lines.map((line, index) => `${index === 0 ? '' : index - 1},${line}`)), code: 'unnamed-column', says: /Column 1 of the header has no name/ },
  'renamed.csv': { content: good.replace('zipcode', 'postcode'), code: 'missing-column', column: 'zipcode', says: /zipcode is missing/ },
  'more.csv': { content: csvOf(lines.map((line, index) => `${line},${index === 0 ? 'agent' : 'x'}`)), code: 'unexpected-column', column: 'agent', says: /agent is not in the contract/ },
  'no-target-column.csv': { content: good.replaceAll(/^([^,]*,[^,]*),[^,]*/gm, '$1'), code: 'missing-column', column: 'price', says: /price, the target, is missing/ },
  'refit-column-shouted.csv': { content: good.replace('rooms', 'REFIT_ROW'), code: 'unexpected-column', column: 'REFIT_ROW', says: /REFIT_ROW is not in the contract/ },
  'refit-column.csv': { content: good.replace('rooms', 'refit_row'), code: 'unexpected-column', column: 'refit_row', says: /refit_row is not in the contract/ },
  'too-few.csv': { content: withRow(40, 'h39,2026-01-02'), code: 'ragged-row', row: 40, says: /^Row 40 has 2 values, the header has 7/ },
  'too-many.csv': { content: withRow(3, `${lines[3] ?? ''},extra`), code: 'ragged-row', row: 3, says: /^Row 3 has more values than the header/ },
  'cut-off.csv': { content: good.slice(0, -12), code: 'ragged-row', row: 300, says: /^Row 300 has/ },
  'two-files-in-one.csv': { content: `${good}${good}`, code: 'wrong-type', column: 'sold', row: 301, says: /no time/ },
  'total-at-the-end.csv': { content: `${good}300 rows\n`, code: 'ragged-row', row: 301, says: /^Row 301 has/ },
  'mixed-line-ends.csv': { content: lines.map((line, index) => line + (index === 150 ? '\r\n' : '\n')).join(''), code: 'mixed-line-ends', says: /end in different ways/ },
  'lone-carriage-return.csv': { content: withRow(17, 'h1\r,2026-01-02,100,3,08001,gas,true'), code: 'mixed-line-ends', says: /end in different ways/ },
  'open-quote.csv': { content: withRow(20, `"${lines[20] ?? ''}`), code: 'open-quote', row: 20, says: /^Row 20 has a quote that is not closed/ },
  'quote-inside.csv': { content: withRow(20, '"h1 "big" one",2026-01-02,100,3,08001,gas,true'), code: 'open-quote', row: 20, says: /^Row 20 has a quote that is not closed/ },
  'zeros.csv': { content: Buffer.alloc(5000), code: 'no-known-column', says: /None of the columns/ },
  'zeros-behind.csv': { content: Buffer.concat([Buffer.from(good), Buffer.alloc(5000)]), code: 'ragged-row', row: 301, says: /^Row 301 has/ },
  'noise.csv': { content: noise(20_000), code: 'wrong-encoding', says: /not UTF-8/ },
  'long-line.csv': { content: withRow(5, `${'h'.repeat(3_000_000)},2026-01-02,100,3,08001,gas,true`), code: 'too-long-line', row: 5, says: /longer than a row can be/ },
}

/** Tables with values that break the contract. */
const values: Readonly<Record<string, BadFile>> = {
  'words.csv': { content: withRow(17, 'h1,2026-01-02,cheap,3,08001,gas,true'), code: 'wrong-type', column: 'price', row: 17, says: /price: 1 row with something that is no number/ },
  'decimal-comma.csv': { content: withRow(17, 'h1,2026-01-02,"100,5",3,08001,gas,true'), code: 'wrong-type', column: 'price', row: 17, says: /no number/ },
  'currency.csv': { content: withRow(17, 'h1,2026-01-02,$100,3,08001,gas,true'), code: 'wrong-type', column: 'price', row: 17, says: /no number/ },
  'not-available.csv': { content: withRow(17, 'h1,2026-01-02,100,N/A,08001,gas,true'), code: 'wrong-type', column: 'rooms', row: 17, says: /no number/ },
  'formula-error.csv': { content: withRow(17, 'h1,2026-01-02,#REF!,3,08001,gas,true'), code: 'wrong-type', column: 'price', row: 17, says: /no number/ },
  'zero-byte.csv': { content: withRow(17, 'h1,2026-01-02,1\u000000,3,08001,gas,true'), code: 'wrong-type', column: 'price', row: 17, says: /no number/ },
  'no-time.csv': { content: withRow(17, 'h1,yesterday,100,3,08001,gas,true'), code: 'wrong-type', column: 'sold', row: 17, says: /no time/ },
  'day-first.csv': { content: withRow(17, 'h1,31/01/2026,100,3,08001,gas,true'), code: 'wrong-type', column: 'sold', row: 17, says: /no time/ },
  'no-such-day.csv': { content: withRow(17, 'h1,2026-02-30,100,3,08001,gas,true'), code: 'wrong-type', column: 'sold', row: 17, says: /no time/ },
  'for-ever.csv': { content: withRow(17, 'h1,infinity,100,3,08001,gas,true'), code: 'wrong-type', column: 'sold', row: 17, says: /no time/ },
  'no-boolean.csv': { content: withRow(17, 'h1,2026-01-02,100,3,08001,gas,perhaps'), code: 'wrong-type', column: 'renovated', row: 17, says: /no boolean/ },
  'no-target.csv': { content: withRow(17, 'h1,2026-01-02,,3,08001,gas,true'), code: 'missing-target', column: 'price', row: 17, says: /target has no value in 1 row/ },
  'no-group.csv': { content: withRow(17, ',2026-01-02,100,3,08001,gas,true'), code: 'missing-value', column: 'house', row: 17, says: /no value in 1 row/ },
  'blank-group.csv': { content: withRow(17, '   ,2026-01-02,100,3,08001,gas,true'), code: 'missing-value', column: 'house', row: 17, says: /no value in 1 row/ },
  'too-cheap.csv': { content: withRow(17, 'h1,2026-01-02,0.5,3,08001,gas,true'), code: 'out-of-range', column: 'price', row: 17, says: /below the smallest allowed value 1/ },
  'too-dear.csv': { content: withRow(17, 'h1,2026-01-02,5000001,3,08001,gas,true'), code: 'out-of-range', column: 'price', row: 17, says: /above the largest allowed value 5000000/ },
  'infinite.csv': { content: withRow(17, 'h1,2026-01-02,inf,3,08001,gas,true'), code: 'not-finite', column: 'price', row: 17, says: /NaN or infinity/ },
  'overflown.csv': { content: withRow(17, 'h1,2026-01-02,1e999,3,08001,gas,true'), code: 'not-finite', column: 'price', row: 17, says: /NaN or infinity/ },
  'largest-number.csv': { content: withRow(17, 'h1,2026-01-02,1.7976931348623157e308,3,08001,gas,true'), code: 'out-of-range', column: 'price', row: 17, says: /above the largest allowed value 5000000/ },
  'nan.csv': { content: withRow(17, 'h1,2026-01-02,100,NaN,08001,gas,true'), code: 'not-finite', column: 'rooms', row: 17, says: /NaN or infinity/ },
  'coal.csv': { content: withRow(17, 'h1,2026-01-02,100,3,08001,coal,true'), code: 'category-not-allowed', column: 'heating', row: 17, says: /category that is not allowed/ },
}

const json: Readonly<Record<string, BadFile>> = {
  'broken.ndjson': { content: `${ndjson.slice(0, -30)}\n`, code: 'unreadable', row: 300, says: /^Row 300 is not valid JSON/ },
  'single-quotes.ndjson': { content: ndjson.replaceAll('"', "'"), code: 'unreadable', row: 1, says: /^Row 1 is not valid JSON/ },
  'nan.ndjson': { content: ndjson.replace('"price":100016', '"price":NaN'), code: 'not-finite', column: 'price', row: 17, says: /NaN or infinity/ },
  'words.ndjson': { content: object(17, { price: 'cheap' }), code: 'wrong-type', column: 'price', row: 17, says: /no number/ },
  'nested.ndjson': { content: object(17, { price: { amount: 100 } }), code: 'wrong-type', column: 'price', row: 17, says: /no number/ },
  'no-target.ndjson': { content: object(17, { price: undefined }), code: 'missing-target', column: 'price', row: 17, says: /no value in 1 row/ },
  'null.ndjson': { content: object(17, { heating: null }), code: 'missing-value', column: 'heating', row: 17, says: /no value in 1 row/ },
  'twice.ndjson': { content: ndjson.replace('"rooms":', '"price":1,"rooms":'), code: 'duplicate-column', column: 'price', says: /price is there twice/ },
  'unnamed.ndjson': { content: object(17, { '': 1 }), code: 'unnamed-column', says: /key without a name/ },
  'more.ndjson': { content: object(17, { agent: 1 }), code: 'unexpected-column', column: 'agent', says: /agent is not in the contract/ },
  'error.json': { content: '{"message":"Too many requests"}', code: 'no-known-column', says: /begins: message/ },
  'no-objects.json': { content: '[1, 2]', code: 'unreadable', row: 1, says: /^Row 1 is no JSON object/ },
  'text.json': { content: '"house,price"', code: 'unreadable', row: 1, says: /^Row 1 is no JSON object/ },
  'nothing.json': { content: '[]', code: 'no-rows', says: /no rows/ },
  'no-keys.json': { content: '[{}, {}]', code: 'no-rows', says: /no rows/ },
  'cut-off.json': { content: `[${ndjson.replaceAll('\n', ',').slice(0, -40)}`, code: 'unreadable', row: 300, says: /not valid JSON/ },
  'deep.json': { content: '['.repeat(1_000_000), code: 'unreadable', row: 1, says: /^Row 1 is not valid JSON/ },
  'deep-value.ndjson': { content: object(17, {}).replace('"price":100016', `"price":${'['.repeat(100_000)}${']'.repeat(100_000)}`), code: 'wrong-type', column: 'price', row: 17, says: /no number/ },
  'long-object.ndjson': { content: object(17, { house: 'h'.repeat(40_000_000) }), code: 'too-long-line', says: /longer than a row can be/ },
  'many-keys.ndjson': { content: rows.map((_, index) => JSON.stringify(Object.fromEntries(Array.from({ length: 50 }, (_each, key) => [`k${index * 50 + key}`, 1])))).join('\n'), code: 'unreadable', says: /more than 10,000 different keys/ },
}

const parquet: Readonly<Record<string, BadFile>> = {
  'no-parquet.parquet': { content: good, code: 'unreadable', says: /^The file cannot be read/ },
  'hardly.parquet': { content: 'PAR1', code: 'unreadable', says: /^The file cannot be read/ },
  'both-ends.parquet': { content: 'PAR1PAR1', code: 'unreadable', says: /^The file cannot be read/ },
  'footer-of-4-gigabytes.parquet': { content: Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(100, 1), Buffer.from('ffffffff', 'hex'), Buffer.from('PAR1')]), code: 'unreadable', says: /^The file cannot be read/ },
  'schema-of-2-billion-columns.parquet': { content: footer('1502 19fc ffffffff07'), code: 'unreadable', says: /./ },
  'name-of-2-gigabytes.parquet': { content: footer('1502 192c 48 ffffffff07'), code: 'unreadable', says: /./ },
  'nested-for-ever.parquet': { content: footer(`1502 ${'19'.repeat(50_000)}`), code: 'unreadable', says: /./ },
}

/** A Parquet file of nothing but a footer with these bytes. */
function footer(hex: string): Buffer {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
  const length = Buffer.alloc(4)
  length.writeUInt32LE(bytes.length)
  return Buffer.concat([Buffer.from('PAR1'), bytes, length, Buffer.from('PAR1')])
}

function broken(content: Buffer): Buffer {
  const copy = Buffer.from(content)
  copy.fill(0xaa, copy.length / 2, copy.length / 2 + 20)
  return copy
}

/** Bytes without rule, the same every time. */
function noise(length: number): Buffer {
  let state = 1
  return Buffer.from(Array.from({ length }, () => (state = (state * 48_271) % 2_147_483_647) & 0xff))
}

/** Every kind of bad file that needs no other program to be made. */
export const badFiles: Readonly<Record<string, BadFile>> = { ...files, ...texts, ...values, ...json, ...parquet }
