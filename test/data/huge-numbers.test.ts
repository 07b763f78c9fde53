import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Value } from 'typebox/value'
import { openDuckDb, text } from '../../src/data/duckdb.js'
import { buildSnapshot } from '../../src/data/build-snapshot.js'
import { implausibilities } from '../../src/data/plausibility/plausibility.js'
import { readDrops } from '../../src/data/read-drops.js'
import { splitSnapshot } from '../../src/data/split-snapshot.js'
import { CutSets } from '../../src/data/split-job.js'
import { plainContract, type StoredColumn } from '../../src/define/stored-definition.js'
import { columns as contract, csvLines, read, sales } from './season.js'

const price: StoredColumn = { type: 'number', role: 'target', optional: false }
const columns = { ...contract, price }
const lines = csvLines(sales(300))

/** What programs write for "none", and what is as large as can be. */
const huge = ['1.7976931348623157e308', '-1.7976931348623157e308', '1e200', '-1e155', '5e-324', '1e-300']

/** The file with these in place of prices and rooms of some rows. */
function withHuge(values: readonly string[]): string {
  return lines.map((line, index) => (index === 0 || index > values.length ? line : line.replace(/,\d{6},\d,/, `,${values[index - 1] ?? ''},${values[index - 1] ?? ''},`))).join('\n')
}

test('no finite number, however large, breaks a reading, a comparison, a profile, its drift or a split', async (context) => {
  const contents = { ...Object.fromEntries(huge.map((value) => [`one ${value}`, withHuge([value])])), 'all of them': withHuge(huge), 'nothing else': withHuge(lines.slice(1).map((_, index) => huge[index % 4] ?? '')), 'the largest': withHuge(lines.slice(1).map(() => huge[0] ?? '')) }
  const { reading, parts } = await read(context, contents, columns)
  const drops = Object.keys(contents).map((key, index) => {
    const found = reading(key)
    assert.ok(found.accepted && found.profile !== undefined, `${key}: ${JSON.stringify(found)}`)
    return { id: `d${index}`, key, arrivedAt: new Date(index), profile: found.profile }
  })
  const rules = { columns, plausibility: { level: plainContract.plausibility.level, columns: {} }, rowsMayRepeat: true }
  for (const drop of drops) for (const { message } of implausibilities(drop, drops, rules)) assert.doesNotMatch(message, /NaN|Infinity|\d{30}/)
  const ordinary = await read(context, Object.fromEntries(Array.from({ length: 6 }, (_, week) => [`w${week}`, csvLines(sales(300, week * 300)).join('\n')])), columns)
  const weeks = ordinary.parts.map((_, week) => {
    const found = ordinary.reading(`w${week}`)
    assert.ok(found.accepted && found.profile !== undefined)
    return { id: `w${week}`, key: `w${week}`, arrivedAt: new Date(week), profile: found.profile }
  })
  const strange = drops.find(({ key }) => key === 'the largest')
  assert.ok(strange !== undefined)
  const faults = implausibilities(strange, weeks, rules)
  assert.ok(faults.some(({ code, column, message }) => code === 'implausible-extremes' && column === 'price' && message.includes('1.798e+308')), JSON.stringify(faults))

  for (const [index, part] of parts.entries()) {
    if (index % 3 !== 0 && index < huge.length) continue
    const before = await cut(context, [...ordinary.parts, part])
    const after = await cut(context, parts.slice(0, index + 1), { digest: 'before', profile: before.profile })
    assert.ok(Value.Check(CutSets, JSON.parse(JSON.stringify(after))), `${index}`)
  }
})

test('the figures of huge numbers are those of the same numbers made smaller', async (context) => {
  const scale = 1e200
  const scaled = lines.map((line, index) => (index === 0 ? line : line.replace(/,(\d{6}),/, (_, digits: string) => `,${digits}e200,`))).join('\n')
  const { parts } = await read(context, { plain: lines.join('\n'), scaled }, columns)
  const [plain, large] = await Promise.all(parts.map(async (part) => cut(context, [part])))
  const near = (one = Number.NaN, other = Number.NaN): void => assert.ok(Math.abs(one / other / scale - 1) < 1e-9, `${one} ${other}`)
  near(large?.profile.columns['price']?.numbers?.mean, plain?.profile.columns['price']?.numbers?.mean)
  near(large?.profile.columns['price']?.numbers?.deviation, plain?.profile.columns['price']?.numbers?.deviation)
  assert.ok(large?.baseline.kind === 'mean' && plain?.baseline.kind === 'mean')
  near(large.baseline.value, plain.baseline.value)
  assert.deepEqual(large.profile.columns['price']?.numbers?.histogram.counts, plain.profile.columns['price']?.numbers?.histogram.counts)
})

test('an infinite time is none, in whatever type it comes', async (context) => {
  const folder = await temporaryFolder(context)
  const connection = await openDuckDb({ memoryBytes: 500_000_000, spillFolder: join(folder, 'spill') })
  const few = { sold: { type: 'time', role: 'time', optional: false }, price } as const
  const typed = ['timestamp', 'timestamptz', 'timestamp_ms', 'timestamp_ns', 'date', 'varchar']
  const drops = await Promise.all(
    typed.flatMap((type) =>
      ['infinity', '-infinity'].map(async (when) => {
        const path = join(folder, `${type}${when}.parquet`)
        await connection.run(`copy (select * from (values ('2026-01-01'::${type}, 1.0), ('${when}'::${type}, 2.0)) as t(sold, price)) to ${text(path)} (format parquet)`)
        return { id: `${type}${when}`, key: path, path, released: false }
      }),
    ),
  )
  connection.closeSync()
  await mkdir(join(folder, 'parts'))
  const readings = await readDrops({ drops, columns: few, memoryBytes: 500_000_000, token: `${folder}/read`, workingFolder: folder, outputFolder: join(folder, 'parts') }, new AbortController().signal)
  for (const [id, found] of readings) {
    assert.ok(!found.accepted, id)
    assert.deepEqual(found.faults.map(({ code, column, rows }) => [code, column, rows]), [['wrong-type', 'sold', 1]], id)
  }
})

async function cut(context: TestContext, parts: readonly { readonly drop: string; readonly path: string; readonly object: string; readonly sha256: string; readonly rows: number; readonly bytes: number }[], former?: Parameters<typeof splitSnapshot>[0]['former']): Promise<CutSets> {
  const folder = await temporaryFolder(context)
  const split = { kind: 'group', test: 0.3, validation: 0.2 } as const
  const request = { snapshot: buildSnapshot(parts, columns, { kind: 'all' }), parts, split, former, task: 'regression', memoryBytes: 1_000_000_000, token: `${folder}/split`, workingFolder: folder, outputFolder: join(folder, 'sets') } as const
  return splitSnapshot(request, new AbortController().signal)
}

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-huge-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}
