import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { PreparedColumn } from '../packages/manifest.js'
import { bundleForRealm } from './bundle-for-realm.js'
import { loadPreparer, RowNotPrepared, type Preparer, type Value } from './prepare-rows.js'

const outputs: readonly PreparedColumn[] = [
  { name: 'age', type: 'number', optional: false, min: 0, max: 200 },
  { name: 'size', type: 'category', optional: true, values: ['small', 'large'] },
  { name: 'old', type: 'boolean', optional: true },
]
const good = '{ age: 2015 - row.built, size: null, old: undefined }'

/** The bundle of a project with these files, of which `prepare.ts` is the module. */
async function bundled(context: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-prepare-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
  await bundleForRealm(folder, './prepare.ts', join(folder, 'out', 'prepare.cjs'), 'prepared')
  return readFile(join(folder, 'out', 'prepare.cjs'), 'utf8')
}

async function load(context: TestContext, source: string): Promise<Preparer> {
  return loadPreparer(await bundled(context, { 'prepare.ts': source }), './prepare.ts', { inputs: ['built', 'district'], outputs })
}

const rows = { built: [1990, 2000, 2010], district: ['a', null, 'c'] }

test('a row is prepared from its features, null where one is missing', async (context) => {
  const preparer = await load(context, `export default (row: { built: number; district: string | null }) => ({ age: 2015 - row.built, size: row.district === null ? 'small' : 'large', old: row.built < 2000 })`)
  assert.deepEqual([...preparer.prepare(3, rows)], [
    ['age', [25, 15, 5]],
    ['size', ['large', 'small', 'large']],
    ['old', [true, false, false]],
  ])
})

test('an optional output may be null, undefined or left out', async (context) => {
  const preparer = await load(context, `export default (row) => row.built === 1990 ? { age: 1 } : row.built === 2000 ? { age: 1, size: undefined, old: null } : ${good}`)
  assert.deepEqual([...preparer.prepare(3, rows).values()].slice(1), [[null, null, null], [null, null, null]])
})

/** Modules that prepare the second row wrongly, and what is said of it. */
const wrong: readonly (readonly [source: string, reason: RegExp])[] = [
  [`{ throw new TypeError('no such district') }`, /^it throws TypeError: no such district$/],
  [`{ throw null }`, /^it throws null$/],
  [`undefined`, /^it returns undefined, and must return an object$/],
  [`[1, 2]`, /^it returns an array, and must return an object$/],
  [`({ age: 'ten', size: null, old: null })`, /^age is "ten", and must be a number$/],
  [`({ age: NaN, size: null, old: null })`, /^age is NaN, and must be a number$/],
  [`({ age: 1 / 0 })`, /^age is Infinity, and must be a number$/],
  [`({ age: 10n })`, /^age is 10, and must be a number$/],
  [`({ age: -1 })`, /^age is -1, and must be at least 0$/],
  [`({ age: 201 })`, /^age is 201, and must be at most 200$/],
  [`({})`, /^age is missing, and is not optional$/],
  [`({ age: null })`, /^age is null, and is not optional$/],
  [`({ age: 1, size: 'huge' })`, /^size is "huge", and must be one of small, large$/],
  [`({ age: 1, size: 3 })`, /^size is 3, and must be text$/],
  [`({ age: 1, size: '\\ud800' })`, /^size is .*, and must be whole characters$/],
  [`({ age: 1, old: 1 })`, /^old is 1, and must be true or false$/],
  [`({ age: 1, price: 2 })`, /^it returns "price", which `prepared` does not name$/],
  [`({ ...row, age: 1 })`, /^it returns "built", which `prepared` does not name$/],
  [`JSON.parse('{"age": 1, "__proto__": {"size": "small"}}')`, /^it returns "__proto__", which `prepared` does not name$/],
  [`Object.create({ age: 1 })`, /^age is missing, and is not optional$/],
  [`({ get age() { throw new Error('not today') } })`, /^it throws not today$/],
  [`new Proxy({}, { has() { throw 1 }, getOwnPropertyDescriptor() { throw new RangeError('a trap') } })`, /^it throws RangeError: a trap$/],
  [`Promise.resolve({ age: 1 })`, /^it returns a promise, and must return the row at once$/],
  [`{ row.built = 1; return { age: 1 } }`, /^it changes built of the row that it is given$/],
  [`{ delete row.district; row.district = 'x'; return { age: 1 } }`, /^it changes district of the row that it is given$/],
  [`{ const again = () => again() + 1; return { age: again() } }`, /^it throws RangeError: Maximum call stack/],
  [`({ age: Date.now() % 100 })`, /^it throws Date\.now\(\) is not there: a row is prepared from its own values alone$/],
  [`({ age: new Date().getFullYear() - 2000 })`, /^it throws the present time is not there/],
  [`({ age: Math.random() })`, /^it throws Math\.random\(\) is not there/],
  [`({ age: process.pid })`, /^it throws ReferenceError: process is not defined$/],
  [`({ age: fetch('http://127.0.0.1/') })`, /^it throws ReferenceError: fetch is not defined$/],
]

test('whatever a module does wrong for a row is told, with the row', async (context) => {
  for (const [expression, reason] of wrong) {
    const body = expression.startsWith('{ ') ? `((): any => ${expression})()` : expression
    const preparer = await load(context, `export default (row: any) => row.built === 2000 ? ${body} : ${good}`)
    assert.throws(() => preparer.prepare(3, rows), (error) => error instanceof RowNotPrepared && error.row === 1 && reason.test(error.reason), expression)
    assert.deepEqual(preparer.prepare(1, rows).get('age'), [25], 'the next rows are none the worse')
  }
})

test('a module that never comes back is ended, and the row is told', async (context) => {
  const preparer = await load(context, `export default (row) => { while (row.built === 2000); return ${good} }`)
  assert.throws(() => preparer.prepare(3, rows, 200), (error) => error instanceof RowNotPrepared && error.row === 1 && error.reason === 'it takes longer than 200 milliseconds')
  const catching = await load(context, `export default (row) => { for (;;) { try { while (row.built === 2000); return ${good} } catch {} } }`)
  assert.throws(() => catching.prepare(3, rows, 200), RowNotPrepared)
})

test('what a module does to its globals reaches nobody else', async (context) => {
  const vandal = await load(context, `Array.prototype.map = () => []; Object.prototype.age = 7; export default () => ({ age: 1 })`)
  assert.deepEqual(vandal.prepare(3, rows).get('age'), [1, 1, 1])
  assert.deepEqual([1].map((value) => value + 1), [2])
  assert.deepEqual((await load(context, `export default (row) => (${good})`)).prepare(1, rows).get('age'), [25])
})

test('dates that are given, and whatever else the language has, are there', async (context) => {
  const preparer = await load(context, `export default (row) => ({ age: new Date(Date.UTC(row.built, 0)).getUTCFullYear() - Date.parse('1970-01-01') - 1900 + Math.round(Math.log(Math.E)), old: new Date(0) instanceof Date })`)
  assert.deepEqual(preparer.prepare(1, rows).get('age'), [91])
})

test('a module that is none says why when it is loaded', async (context) => {
  const loading = async (source: string): Promise<void> => {
    await load(context, source)
  }
  await assert.rejects(loading('export const prepare = 1'), /it has no function as its default export/)
  await assert.rejects(loading(`throw new Error('not now'); export default () => 1`), /it throws when it is loaded: not now/)
  await assert.rejects(loading(`const started = Date.now(); export default () => started`), /it throws when it is loaded: Date\.now\(\) is not there/)
})

test('a bundle holds all that the module imports, and nothing of Node.js', async (context) => {
  const bundle = await bundled(context, {
    'prepare.ts': `import { ageOf } from './models/age.js'\nimport type { Row } from 'refit'\nimport half from 'half'\nexport default (row: Row<{}>) => ({ age: half(ageOf(row)) })`,
    'models/age.ts': 'export const ageOf = (row: any): number => 2015 - row.built',
    'node_modules/half/package.json': '{"name":"half","main":"index.js"}',
    'node_modules/half/index.js': 'module.exports = (value) => value / 2',
  })
  assert.deepEqual(loadPreparer(bundle, 'prepare', { inputs: ['built'], outputs }).prepare(1, rows).get('age'), [12.5])
  for (const [source, reason] of [
    [`import { readFileSync } from 'node:fs'\nexport default () => readFileSync('x')`, /prepare\.ts:1:\d+: it imports node:fs: a row is prepared from its own values alone/],
    [`const { get } = require('https')\nexport default () => get('x')`, /it imports https/],
    [`export default async () => import('node:child_process')`, /it imports node:child_process/],
    [`import { gone } from './gone.js'\nexport default gone`, /Could not resolve/],
    [`export default (`, /prepare\.ts:1:\d+: Unexpected end of file/],
  ] as const) {
    await assert.rejects(bundled(context, { 'prepare.ts': source }), (error) => error instanceof Error && 'code' in error && error.code === 'module-not-bundled' && reason.test(error.message), source)
  }
})

test('the same sources give the same bundle, wherever they lie', async (context) => {
  const files = { 'prepare.ts': `import { ageOf } from './age.js'\nexport default (row) => ({ age: ageOf(row) })`, 'age.ts': 'export const ageOf = (row) => 2015 - row.built' }
  assert.equal(await bundled(context, files), await bundled(context, files))
})

test('no value is more precise or less than it came', async (context) => {
  const values: Value[] = [0.1 + 0.2, -0, 5e-324, 1.7976931348623157e308, 9007199254740991]
  const bundle = await bundled(context, { 'prepare.ts': 'export default ({ x }) => ({ y: x })' })
  const preparer = loadPreparer(bundle, 'prepare', { inputs: ['x'], outputs: [{ name: 'y', type: 'number', optional: false }] })
  assert.deepEqual(preparer.prepare(values.length, { x: values }).get('y'), values)
})
