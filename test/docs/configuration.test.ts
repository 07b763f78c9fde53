import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { TSchema } from 'typebox'
import { column } from '../../src/define/column.js'
import { defaultMargin, factsOf } from '../../src/define/metric-facts.js'
import { WrittenObjects } from '../../src/define/resolve-objects.js'
import { resolveProject } from '../../src/define/resolve-project.js'
import { WrittenModel } from '../../src/define/resolve-model.js'
import { ClassificationMetric, OwnRule, RegressionMetric, StoredFormat, StoredMargin, StoredMetric, StoredProject, StoredRule } from '../../src/define/stored-definition.js'
import { RefitError } from '../../src/errors.js'
import { roles } from '../../src/http/access.js'
import * as publicApi from '../../src/index.js'
import { evaluateProject } from '../../src/roles/evaluate-project.js'
import { WrittenTarget } from '../../src/define/notify.js'
import * as email from '../../src/notifications/email/definition.js'
import * as program from '../../src/notifications/program/definition.js'
import * as slack from '../../src/notifications/slack/definition.js'
import * as webhook from '../../src/notifications/webhook/definition.js'
import * as folder from '../../src/sources/folder/definition.js'
import * as produce from '../../src/sources/produce/definition.js'
import * as query from '../../src/sources/query/definition.js'
import * as s3 from '../../src/sources/s3/definition.js'
import * as upload from '../../src/sources/upload/definition.js'
import * as command from '../../src/trainers/command/definition.js'
import * as gradientBoostedTrees from '../../src/trainers/gradient-boosted-trees/definition.js'
import * as module from '../../src/trainers/module/definition.js'
import { readPage, root, tablesOf } from './pages.js'

const page = readPage('docs/configuration.md')
const tables = tablesOf(page)

/** The rows of the table below a heading whose first column is `first`, by their first cell. */
function rowsUnder(heading: string, first: string): ReadonlyMap<string, readonly string[]> {
  const table = tables.find((each) => each.heading === heading && each.columns[0] === first)
  assert.ok(table !== undefined, `${heading} has no table of ${first}s`)
  return new Map(table.rows.map(([name = '', ...rest]) => [plain(name), rest]))
}

function plain(cell: string): string {
  return cell.replaceAll('`', '')
}

/** Names of the properties of an object schema, or of all objects of a union, but `kind`. */
function propertiesOf(schema: TSchema): readonly string[] {
  const alternatives: unknown = Reflect.get(schema, 'anyOf')
  if (Array.isArray(alternatives)) return [...new Set(alternatives.flatMap((alternative: TSchema) => propertiesOf(alternative)))]
  const properties: unknown = Reflect.get(schema, 'properties')
  return typeof properties === 'object' && properties !== null ? Object.keys(properties).filter((name) => name !== 'kind') : []
}

function within(schema: TSchema, ...path: readonly string[]): TSchema {
  let at: unknown = schema
  for (const step of path) at = Reflect.get(Object(at), step)
  assert.ok(typeof at === 'object' && at !== null, path.join('.'))
  return at
}

const StoredServer = within(StoredProject, 'properties', 'server')
const alternatives = (schema: TSchema, index: number): TSchema => within(schema, 'anyOf', String(index))
const split = within(WrittenModel, 'properties', 'split')

/** Which schema each section documents, and, where its options have defaults, a model or project that spells one out. */
const sections: readonly { readonly heading: string; readonly schema: TSchema; readonly spellOut?: (option: string, value: string) => string; readonly besides?: readonly string[] }[] = [
  { heading: '`server`', schema: StoredServer },
  { heading: '`objects`', schema: alternatives(WrittenObjects, 1) },
  { heading: '`defineModel`', schema: WrittenModel, spellOut: (option, value) => `${option}: ${value}` },
  { heading: '`contract`', schema: within(WrittenModel, 'properties', 'contract'), spellOut: (option, value) => `contract: { ${option}: ${value} }` },
  { heading: '`format`', schema: StoredFormat },
  { heading: '`folder(path, options)`', schema: folder.options },
  { heading: '`produce(program, options)`', schema: produce.options, spellOut: (option, value) => `source: produce(['./export'], { ${option}: ${value} })` },
  { heading: '`query(options)`', schema: query.options, spellOut: (option, value) => `source: query({ database: 'postgres://db/shop', query: 'select 1', watermark: 'at', ${option}: ${value} })` },
  { heading: '`s3(address, options)`', schema: s3.options, spellOut: (option, value) => `source: s3('s3://drops/weeks', { ${option}: ${value} })` },
  { heading: '`byGroup(options)`', schema: alternatives(split, 0), spellOut: (option, value) => `split: byGroup({ ${option}: ${value} })` },
  { heading: '`byTime(options)`', schema: alternatives(split, 1), spellOut: (option, value) => `split: byTime({ test: '1 day', ${option}: ${value} })` },
  { heading: '`upsert(options)`', schema: alternatives(within(WrittenModel, 'properties', 'delivery'), 2) },
  { heading: '`byGroupAndTime(options)`', schema: alternatives(split, 2), spellOut: (option, value) => `split: byGroupAndTime({ test: '1 day', ${option}: ${value} })` },
  { heading: '`command(program, options)`', schema: command.options, spellOut: (option, value) => `train: command(['./train'], { ${option}: ${value} })` },
  { heading: '`module(path, options)`', schema: module.options, spellOut: (option, value) => `train: module('./train.ts', { ${option}: ${value} })` },
  { heading: '`schedule(cron, options)`', schema: alternatives(within(WrittenModel, 'properties', 'triggers', 'items'), 1), spellOut: (option, value) => `triggers: [schedule('0 6 * * 1', { ${option}: ${value} })]`, besides: ['cron'] },
  { heading: '`canary(options)`', schema: alternatives(within(WrittenModel, 'properties', 'deploy'), 1), spellOut: (option, value) => `deploy: canary({ steps: ['10%'], for: '1 day', ${option}: ${value} })` },
  { heading: '`shadow(options)`', schema: alternatives(within(WrittenModel, 'properties', 'deploy'), 2), spellOut: (option, value) => `deploy: shadow({ for: '1 day', ${option}: ${value} })` },
  { heading: '`limits`', schema: within(WrittenModel, 'properties', 'limits'), spellOut: (option, value) => `limits: { ${option}: ${value} }` },
  { heading: '`predictionLog`', schema: alternatives(within(WrittenModel, 'properties', 'predictionLog'), 1), spellOut: (option, value) => `predictionLog: { ${option}: ${value} }` },
  { heading: 'Options of every target', schema: WrittenTarget, besides: ['options'] },
  { heading: '`webhook(url, options)`', schema: webhook.options },
  { heading: '`slack(url, options)`', schema: slack.options },
  { heading: '`email(options)`', schema: email.options },
  { heading: '`program(command, options)`', schema: program.options },
  { heading: 'Options of `atMost` and `atLeast`', schema: alternatives(StoredRule, 0), besides: ['metric', 'custom', 'bound', 'value', 'slice'] },
  { heading: 'Options of `each`', schema: within(StoredRule, 'anyOf', '0', 'properties', 'slice'), spellOut: (option, value) => `check: (m) => [m.each('colour', { ${option}: ${value} }).mae.atMost(1)]`, besides: ['column'] },
  { heading: 'Options of `between`', schema: alternatives(StoredRule, 3), spellOut: (option, value) => `check: (m) => [m.between('colour', { ${option}: ${value} }).mae.differAtMost(1)]`, besides: ['metric', 'custom', 'column', 'limit'] },
  { heading: 'Options of `latency.atMost`', schema: alternatives(StoredRule, 4), spellOut: (option, value) => `check: (m) => [m.latency.atMost('5 milliseconds', { ${option}: ${value} })]`, besides: ['milliseconds'] },
  { heading: 'Options of `rule`', schema: OwnRule, spellOut: (option, value) => `check: () => [rule('./train.ts', { ${option}: ${value} })]`, besides: ['run'] },
  { heading: '`metric(path, options)`', schema: StoredMetric },
  { heading: 'Margins', schema: StoredMargin },
  { heading: 'Options of `notWorseThanChampion` and `betterThanChampion`', schema: alternatives(StoredRule, 1), besides: ['metric', 'custom', 'comparison', 'margin'] },
  { heading: 'Options of columns', schema: within(WrittenModel, 'properties', 'columns', 'patternProperties', '^.*$'), spellOut: (option, value) => `columns: { colour: column.category({ ${option}: ${value} }), at: column.time(), price: column.target() }`, besides: ['type', 'role'] },
]

test('docs/configuration.md names every option that the schemas know, and no other', () => {
  for (const { heading, schema, besides = [] } of sections) {
    const known = propertiesOf(schema).filter((name) => !besides.includes(name))
    assert.deepEqual([...rowsUnder(heading, 'option').keys()].toSorted(), known.toSorted(), heading)
  }
  assert.deepEqual([...rowsUnder('`defineProject`', 'option').keys()].toSorted(), ['database', 'environments', 'models', 'notify', 'objects', 'server'])
})

test('docs/configuration.md says which options are required', () => {
  for (const { heading, schema } of sections) {
    const required: unknown = Reflect.get(schema, 'required')
    for (const [option, cells] of rowsUnder(heading, 'option')) {
      if (cells[1] === 'required') assert.ok(Array.isArray(required) && required.includes(option), `${heading} ${option}`)
    }
  }
  const missing = resolveProject({ models: { m: {} } }, { sources: {}, trainers: {} })
  const needed = 'faults' in missing ? missing.faults.map(({ path }) => path.replace('models.m.', '')) : []
  const documented = [...rowsUnder('`defineModel`', 'option')].flatMap(([option, cells]) => (cells[1] === 'required' ? [option] : []))
  assert.deepEqual(documented.toSorted(), needed.toSorted())
})

const scratch = await mkdtemp(join(tmpdir(), 'refit-configuration-'))
after(() => rm(scratch, { recursive: true, force: true }))

/** What models evaluate to; each is given as the options in which it differs from a plain one. */
async function evaluateModels(models: ReadonlyMap<string, string>, server = ''): Promise<StoredProject> {
  const helpers = Object.keys(publicApi).join(', ')
  const written = [...models].map(([name, options]) => {
    const columns = `columns: { colour: column.category(), at: column.time(), price: column.target() }`
    return `'${name}': defineModel({ task: 'regression', ${columns}, source: upload(), train: gradientBoostedTrees(), ...{ ${options} } })`
  })
  await writeFile(join(scratch, 'refit.config.ts'), `import { ${helpers} } from 'refit'\nexport default defineProject({ ${server} models: {\n${written.join(',\n')} } })\n`)
  await writeFile(join(scratch, 'train.ts'), '')
  return (await evaluateProject(scratch, AbortSignal.timeout(60_000))).project
}

test('every default that docs/configuration.md names is the one that holds where the option is left out', async () => {
  const models = new Map<string, string>()
  const pairs: { readonly what: string; readonly left: string; readonly spelt: string }[] = []
  for (const [index, { heading, spellOut }] of sections.entries()) {
    for (const [option, [, defaultCell = '']] of rowsUnder(heading, 'option')) {
      if (spellOut === undefined || defaultCell === '–' || defaultCell === 'required') continue
      const [left, spelt] = [`s${index}-${option.toLowerCase()}-left`, `s${index}-${option.toLowerCase()}-spelt`]
      // An option that is undefined is left out of the JSON.
      models.set(left, spellOut(option, 'undefined')).set(spelt, spellOut(option, plain(defaultCell)))
      pairs.push({ what: `${heading} ${option}`, left, spelt })
    }
  }
  const servers = [...rowsUnder('`server`', 'option')].filter(([, cells]) => cells[1] !== '–').map(([option, cells]) => `${option}: ${plain(cells[1] ?? '')}`)
  const project = await evaluateModels(models, `server: { ${servers.join(', ')} },`)
  for (const { what, left, spelt } of pairs) assert.deepEqual({ ...project.models[spelt], name: '' }, { ...project.models[left], name: '' }, what)
  assert.ok(pairs.length > 10)
  assert.deepEqual(project.server, (await evaluateModels(models)).server)
  const [, cache = ''] = rowsUnder('`objects`', 'option').get('cache') ?? []
  assert.deepEqual((await evaluateModels(models, `objects: { s3: 's3://models/refit', cache: ${plain(cache)} },`)).objects, (await evaluateModels(models, "objects: 's3://models/refit',")).objects)
})

test('every default of a target that docs/configuration.md names is the one that holds where the option is left out', async () => {
  const spellings: Readonly<Record<string, (option: string) => string>> = {
    'Options of every target': (option) => `slack('https://chat.example.com/hook', { name: 'chat', ${option} })`,
    '`webhook(url, options)`': (option) => `webhook('https://ops.example.com/hook', { name: 'ops', ${option} })`,
    '`program(command, options)`': (option) => `program(['./page.sh'], { name: 'page', ${option} })`,
  }
  const plainModel = new Map([['m', '']])
  const targetsOf = async (target: string): Promise<unknown> => (await evaluateModels(plainModel, `notify: [${target}],`)).notify
  let found = 0
  for (const [heading, spellOut] of Object.entries(spellings)) {
    const defaults = [...rowsUnder(heading, 'option')].filter(([, [, cell = '']]) => cell !== '–' && cell !== 'required')
    const spelt = defaults.map(([option, [, cell = '']]) => `${option}: ${plain(cell)}`).join(', ')
    assert.deepEqual(await targetsOf(spellOut(spelt)), await targetsOf(spellOut('')), heading)
    found += defaults.length
  }
  assert.ok(found >= 5)
})

test('docs/configuration.md has every metric, under its task, with its direction and default margin', async () => {
  const rows = rowsUnder('Metrics', 'metric')
  const known = { regression: RegressionMetric, classification: ClassificationMetric } as const
  const names = Object.entries(known).flatMap(([task, { anyOf }]) => anyOf.map((literal) => ({ task, metric: literal.const })))
  assert.deepEqual([...rows.keys()].filter((name) => !name.includes('(')), names.map(({ metric }) => metric))
  assert.deepEqual([...rows.keys()].filter((name) => name.includes('(')), ['quantileLoss(q)'])
  const models = new Map<string, string>()
  for (const { task, metric } of names) {
    const [documentedTask = '', better = '', margin = ''] = rows.get(metric) ?? []
    assert.equal(documentedTask, task, metric)
    assert.equal(better, factsOf({ metric }).better.replace('-', ' '), metric)
    const options = (given: string): string => `task: '${task}', check: (m) => [m.${metric}.notWorseThanChampion(${given})]`
    models.set(`${metric.toLowerCase()}-left`, options('')).set(`${metric.toLowerCase()}-spelt`, options(plain(margin)))
  }
  const project = await evaluateModels(models)
  for (const { metric } of names) {
    const [left, spelt] = [project.models[`${metric.toLowerCase()}-left`], project.models[`${metric.toLowerCase()}-spelt`]]
    assert.deepEqual(left?.check, spelt?.check, metric)
    assert.deepEqual(left?.check[0], { kind: 'champion', metric, comparison: 'notWorse', margin: defaultMargin({ metric }) })
  }
})

test('docs/configuration.md names every helper of the public API', () => {
  for (const name of Object.keys(publicApi)) assert.match(page, new RegExp(`\`${name}[.(\`]`), name)
  const sources = [folder, produce, query, s3, upload].map(({ kind }) => `${kind}(`)
  const trainers = [gradientBoostedTrees, command, module].map(({ kind }) => `${kind.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())}(`)
  const notifiers = [webhook, slack, email, program].map(({ kind }) => `${kind}(`)
  for (const [heading, kinds] of [['Sources', sources], ['Trainers', trainers], ['Notifications', notifiers]] as const) {
    const documented = [...rowsUnder(heading, 'helper').keys()].map((helper) => helper.replace(/\(.*$/, '('))
    assert.deepEqual(documented.toSorted(), kinds.toSorted())
  }
})

test('docs/configuration.md has every kind of column with its role, type and options', () => {
  const rows = rowsUnder('Columns', 'helper')
  assert.deepEqual([...rows.keys()], Object.keys(column).map((name) => `column.${name}()`))
  for (const [name, make] of Object.entries(column)) {
    const [role = '', type = ''] = rows.get(`column.${name}()`) ?? []
    const made = make()
    assert.equal(role, made.role, name)
    assert.ok(type.startsWith(made.type), name)
  }
})

test('docs/configuration.md names every environment variable that is read, and no other', async () => {
  const documented = new Set(rowsUnder('Environment variables', 'variable').keys())
  const read = new Set<string>()
  const source = join(root, 'src')
  for (const name of await readdir(source, { recursive: true })) {
    if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue
    for (const match of (await readFile(join(source, name), 'utf8')).matchAll(/process\.env\['(\w+)'\]/g)) read.add(match[1] ?? '')
  }
  // Between processes of our own, and to stop at a place in tests.
  const internal = ['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED', 'REFIT_SERVING', 'REFIT_PACKAGE', 'REFIT_PAUSE_AT', 'REFIT_PAUSE_MARKER']
  const byTheColours = ['NO_COLOR', 'FORCE_COLOR']
  assert.deepEqual([...documented].toSorted(), [...read, ...byTheColours].filter((name) => !internal.includes(name)).toSorted())
  for (const role of roles) assert.ok(page.includes(`\`${role}\``), role)
})

test('a pattern that RE2 does not take is refused when the project is evaluated', async () => {
  const models = (pattern: string): ReadonlyMap<string, string> => new Map([['m', `columns: { colour: column.category({ pattern: ${JSON.stringify(pattern)} }), price: column.target() }`]])
  assert.equal((await evaluateModels(models('(?i)98[[:digit:]]{3}'))).models['m']?.columns['colour']?.pattern, '(?i)98[[:digit:]]{3}')
  const faults = await evaluateModels(models('(?!a)b')).catch((error: unknown) => (error instanceof RefitError ? error.faults : []))
  assert.deepEqual(faults, [{ path: 'models.m.columns.colour.pattern', message: '"(?!a)b" is no regular expression that RE2 takes: invalid perl operator: (?!' }])
})
