import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { cutSets } from '../../src/data/cut-sets.js'
import { openDuckDb } from '../../src/data/duckdb.js'
import { buildSnapshot } from '../../src/data/build-snapshot.js'
import { implausibilities } from '../../src/data/plausibility/plausibility.js'
import { sampleSnapshot } from '../../src/data/sample-snapshot.js'
import type { CutSets } from '../../src/data/split-job.js'
import { plainContract, type StoredColumn, type StoredSplit, type StoredWindow } from '../../src/define/stored-definition.js'
import { unfitName } from '../../src/define/column.js'
import { bundleForRealm } from '../../src/prepare/bundle-for-realm.js'
import { prepareSets } from '../../src/prepare/prepare-sets.js'
import { read } from './season.js'

const DAY = 86_400_000
const ROWS = 400

/** Names that databases, readers and languages have uses of their own for. */
const taken = [
  'hash', 'sampled', 'file_row_number', 'filename', 'file_index', 'side', 'content', 'chunk', 'day', 'unit', 'cell', 'instant', 'label', 'value', 'row', 'rows', 'first', 'given', 'repeated', 'seen', 'drawn', 'strata', 'cells', 'firsts', 'tested',
  'history', 'delivered', 'newest', 'sided', 'raw', 'forms', 'v', 'v0', 'c0', 's0', 'min0', 'max0', 'mean0', 'json', 'key', 'keys', 'place', 'test', 'train', 'validation', 'holdout', 'rowid', 'main', 'memory',
  'select', 'from', 'where', 'group', 'order', 'table', 'user', 'index', 'case', 'end', 'default', 'limit', 'null', 'true', 'date', 'time', 'timestamp', 'current_date', 'constructor', 'toString', 'valueOf', 'hasOwnProperty', 'length', 'name', 'prototype',
  'Hash', 'ünit', 'with space', 'quo"te', "apos'trophe", 'a,b', 'a.b', 'semi;colon', 'back\\slash', '$1', '%', '-- no', 'emoji 🙂',
]

/** What our SQL calls things, found in it. */
async function aliases(): Promise<readonly string[]> {
  const folder = fileURLToPath(new URL('../../../src/data', import.meta.url))
  const sources = await Promise.all((await readdir(folder)).filter((file) => file.endsWith('.ts')).map((file) => readFile(join(folder, file), 'utf8')))
  return sources.flatMap((source) => [...source.matchAll(/\bas "?([a-z_]+)\b/g)].map(([, alias = '']) => alias))
}

/** Names of which no two differ in case only, and which a definition may use. */
async function names(): Promise<readonly string[]> {
  const byCase = new Map([...taken, ...(await aliases())].filter((name) => unfitName(name) === undefined).map((name) => [name.toLowerCase(), name]))
  return [...byCase.values()]
}

const types = ['number', 'category', 'boolean'] as const

/** Columns of these names; the roles go to others each time. */
function contractOf(all: readonly string[], turn: number): Readonly<Record<string, StoredColumn>> {
  const at = (offset: number): string => all[(turn * 4 + offset) % all.length] ?? ''
  const roles = new Map<string, StoredColumn>([
    [at(0), { type: 'text', role: 'group', optional: false }],
    [at(1), { type: 'time', role: 'time', optional: false }],
    [at(2), { type: 'number', role: 'target', optional: false }],
    [at(3), { type: 'category', role: 'feature', optional: false, unique: true }],
  ])
  return Object.fromEntries(all.map((name, index): [string, StoredColumn] => [name, roles.get(name) ?? { type: types[index % types.length] ?? 'number', role: 'feature', optional: true }]))
}

function csvOf(columns: Readonly<Record<string, StoredColumn>>, from: number): string {
  const valueOf = ({ type, role }: StoredColumn, column: number, row: number): string => {
    if (role === 'group') return `g${row % 150}`
    if (role === 'target') return String(row)
    if (type === 'time') return new Date(Date.UTC(2026, 0, 1) + row * 3_600_000).toISOString()
    return type === 'number' ? String((row * (column + 3)) % 101) : type === 'boolean' ? String((row + column) % 3 === 0) : `c${row}`
  }
  const lines = [Object.keys(columns), ...Array.from({ length: ROWS }, (_, row) => Object.values(columns).map((column, index) => valueOf(column, index, from + row)))]
  return lines.map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')).join('\n')
}

/** Turns in which roles go round: what databases have uses of their own for comes first. */
const TURNS = 6

test('there are aliases to look for, and the names are many', async () => {
  assert.ok((await aliases()).length > 20)
  assert.ok((await names()).length > 60)
})

test('no name of a column breaks the reading of drops, in any role', async (context) => {
  const all = await names()
  for (let turn = 0; turn < TURNS; turn += 1) {
    const columns = contractOf(all, turn)
    const { reading } = await read(context, { 'a.csv': csvOf(columns, 0) }, columns)
    const found = reading('a.csv')
    assert.ok(found.accepted, JSON.stringify(found).slice(0, 2000))
    assert.deepEqual([found.part.rows, Object.keys(found.profile?.columns ?? {}).length], [ROWS, all.length])
  }
})

test('a value that is there twice is found whatever its column is called', async (context) => {
  for (const column of ['value', 'row', 'first', 'rows', 'given', 'repeated', 'file_row_number']) {
    const columns: Readonly<Record<string, StoredColumn>> = { [column]: { type: 'text', role: 'key', optional: false, unique: true }, y: { type: 'number', role: 'target', optional: false } }
    const { reading } = await read(context, { 'a.csv': `${column},y\na,1\nb,2\na,3\n` }, columns)
    const found = reading('a.csv')
    assert.ok(!found.accepted)
    assert.deepEqual(found.faults.map(({ code, samples }) => [code, samples]), [['not-unique', [{ row: 3, value: 'a' }]]])
  }
})

test('columns beside the contract cannot pass for what is made of those in it', async (context) => {
  const columns: Readonly<Record<string, StoredColumn>> = { x: { type: 'number', role: 'feature', optional: false }, y: { type: 'number', role: 'target', optional: false, min: 0 } }
  const terms = { ...columns, refit_value_x: { type: 'number', role: 'ignored', optional: true } as const, refit_row: { type: 'number', role: 'ignored', optional: true } as const }
  const { reading } = await read(context, { 'good.csv': 'refit_value_x,x,y,refit_row\n7,1,2,9\n', 'bad.csv': 'refit_value_x,x,y,refit_row\n7,1,2,9\n7,1,-2,9\n' }, terms)
  const [good, bad] = [reading('good.csv'), reading('bad.csv')]
  assert.ok(good.accepted && !bad.accepted)
  const [x] = Object.entries(good.profile?.columns ?? {}).flatMap(([column, profile]) => (column === 'x' && profile.kind === 'number' ? [profile.min] : []))
  assert.equal(x, 1)
  assert.deepEqual(bad.faults.map(({ code, samples }) => [code, samples]), [['out-of-range', [{ row: 2, value: '-2' }]]])
})

const splits: readonly StoredSplit[] = [
  { kind: 'group', test: 0.3, validation: 0.2 },
  { kind: 'time', testMilliseconds: 8 * DAY, gapMilliseconds: DAY, validation: 0.2 },
  { kind: 'groupAndTime', groups: 0.4, testMilliseconds: 8 * DAY, gapMilliseconds: DAY, validation: 0.2 },
]
const windows: readonly StoredWindow[] = [{ kind: 'all' }, { kind: 'rows', rows: 700 }, { kind: 'duration', milliseconds: 30 * DAY }]

test('no name of a column breaks a split of any kind, a window, a profile or its drift', async (context) => {
  const all = await names()
  for (let turn = 0; turn < TURNS; turn += 1) {
    const columns = contractOf(all, turn)
    const { parts } = await read(context, { 'a.csv': csvOf(columns, 0), 'b.csv': csvOf(columns, ROWS) }, columns)
    const stratified = { kind: 'group', test: 0.3, validation: 0.2, stratify: all[(turn * 4 + 4) % all.length] ?? '' } as const
    const split = turn % 2 === 0 ? stratified : (splits[(turn >> 1) % splits.length] ?? stratified)
    const window = windows[turn % windows.length] ?? { kind: 'all' }
    const before = await cut(context, parts.slice(0, 1), columns, split, { kind: 'all' })
    const { rows, profile } = await cut(context, parts, columns, split, window, { digest: 'before', profile: before.profile })
    assert.ok(rows.train > 0 && rows.test > 0)
    assert.equal(Object.keys(profile.drift?.columns ?? {}).length, all.length)
  }
})

test('drops are compared, rows drawn, and sets prepared under these names', async (context) => {
  const all = await names()
  const columns = contractOf(all, 0)
  const { reading, parts } = await read(context, Object.fromEntries(Array.from({ length: 7 }, (_, week) => [`w${week}.csv`, csvOf(columns, week * ROWS)])), columns)
  const drops = Array.from({ length: 7 }, (_, week) => {
    const found = reading(`w${week}.csv`)
    assert.ok(found.accepted && found.profile !== undefined)
    return { id: `d${week}`, key: `w${week}.csv`, arrivedAt: new Date(Date.UTC(2026, 1, week)), profile: found.profile }
  })
  const { level } = plainContract.plausibility
  const last = drops.at(-1)
  assert.ok(last !== undefined)
  // Older drops may not know a column at all: a name such as `constructor` must not be found there.
  const poor = drops.slice(0, -1).map((drop) => ({ ...drop, profile: { ...drop.profile, columns: {} } }))
  for (const history of [drops.slice(0, -1), poor]) implausibilities(last, history, { columns, plausibility: { level, columns: {} }, rowsMayRepeat: true })

  const snapshot = buildSnapshot(parts, columns, { kind: 'rows', rows: 900 })
  const drawn = await sampleSnapshot(snapshot, parts, 5, new AbortController().signal)
  assert.deepEqual(drawn.map(({ values }) => Object.keys(values).length), [all.length, all.length, all.length, all.length, all.length])

  const folder = await temporaryFolder(context)
  const sets = await cut(context, parts, columns, splits[0] ?? assert.fail(), { kind: 'all' })
  await writeFile(join(folder, 'prepare.ts'), 'export default (row) => row')
  await bundleForRealm(folder, './prepare.ts', join(folder, 'prepare.cjs'), 'prepared')
  await mkdir(join(folder, 'work'))
  await prepareSets(
    {
      sets,
      bundle: join(folder, 'prepare.cjs'),
      prepare: { path: './prepare.ts', columns: { ...columns } },
      columns,
      parts: parts.map(({ drop, path }) => ({ drop, path, name: drop })),
      limits: { milliseconds: 60_000, memoryBytes: 1_000_000_000 },
      token: `${folder}/prepare`,
      workingFolder: join(folder, 'work'),
      outputFolder: join(folder, 'prepared'),
    },
    new AbortController().signal,
  )
})

async function cut(context: TestContext, parts: readonly { readonly drop: string; readonly path: string }[], columns: Readonly<Record<string, StoredColumn>>, split: StoredSplit, window: StoredWindow, former?: { readonly digest: string; readonly profile: CutSets['profile'] }): Promise<CutSets> {
  const outputFolder = join(await temporaryFolder(context), 'sets')
  const connection = await openDuckDb({ memoryBytes: 1_000_000_000, spillFolder: `${outputFolder}.spill` })
  try {
    const input = { parts: [...parts], columns, window, split, holdout: 0.1, task: 'regression' as const, memoryBytes: 1_000_000_000, outputFolder }
    return await cutSets(connection, former === undefined ? input : { ...input, former })
  } finally {
    connection.closeSync()
  }
}

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'refit-names-')))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}
