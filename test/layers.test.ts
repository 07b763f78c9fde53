import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative, sep } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const source = join(root, 'src')

/** What each room may import besides itself, its own kind and packages. Adapters are rooms within their room. */
const foundations = ['errors', 'clock', 'hinted-loop', 'optional-package', 'define']
const machinery = [...foundations, 'database', 'objects', 'processes']
const core = [...machinery, 'runs', 'drops', 'rollouts', 'registry', 'packages', 'data', 'bundles', 'prepare', 'evaluation', 'report', 'workflow', 'trainers', 'predictors', 'sources', 'executors', 'telemetry', 'notifications', 'tracking', 'batch', 'clients', 'predictions', 'prediction-log']
const allowed: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  clock: [],
  'hinted-loop': ['clock'],
  'optional-package': ['errors'],
  define: ['errors'],
  database: foundations,
  s3: foundations,
  objects: [...foundations, 's3'],
  processes: foundations,
  http: foundations,
  bundles: foundations,
  packages: machinery,
  prepare: [...foundations, 'bundles', 'processes', 'objects', 'packages', 'data'],
  predictors: [...foundations, 'processes', 'packages', 'prepare'],
  trainers: [...foundations, 'bundles', 'processes'],
  sources: [...foundations, 's3', 'processes'],
  executors: [...foundations, 'processes'],
  notifications: [...machinery, 'runs'],
  telemetry: foundations,
  tracking: machinery,
  'moving-in': [...foundations, 'tracking'],
  data: machinery,
  batch: [...machinery, 'runs', 'registry', 'packages', 'data', 'prepare', 'predictors'],
  clients: [...machinery, 'runs', 'registry', 'packages', 'evaluation'],
  evaluation: [...foundations, 'predictors', 'packages', 'prepare'],
  report: [...foundations, 'evaluation'],
  runs: machinery,
  drops: [...machinery, 'runs', 'data', 'registry'],
  rollouts: foundations,
  predictions: [...foundations, 'processes', 'packages'],
  'prediction-log': [...machinery, 'runs', 'registry', 'predictions', 'data'],
  registry: [...machinery, 'runs', 'packages', 'evaluation', 'rollouts'],
  workflow: [...machinery, 'runs'],
  lifecycle: core,
  triggers: core,
  api: [...core, 'http'],
  mlflow: [...core, 'http'],
  serving: [...foundations, 'http', 'packages', 'predictors', 'rollouts', 'predictions', 'telemetry'],
  roles: [...core, 's3', 'http', 'lifecycle', 'triggers', 'api', 'mlflow', 'serving', 'index'],
  cli: [...foundations, 'http', 'processes', 'roles', 'api', 'telemetry', 'moving-in'],
  index: core,
}
/** Only these may import an adapter: the composition root, and the public helpers' definitions. */
const rooms = ['trainers', 'predictors', 'sources', 'executors', 'objects', 'notifications']

interface Import {
  readonly from: string
  readonly to: string
}

function sourceFiles(): string[] {
  return readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => relative(source, join(entry.parentPath, entry.name)))
}

function imports(): Import[] {
  const found: Import[] = []
  for (const from of sourceFiles()) {
    const text = readFileSync(join(source, from), 'utf8')
    for (const match of text.matchAll(/(?:from|import|import\()\s*'(\.[^']+)'/g)) {
      found.push({ from, to: normalize(join(dirname(from), match[1] ?? '')).replace(/\.js$/, '.ts') })
    }
  }
  return found
}

function room(file: string): string {
  return (file.split(sep)[0] ?? '').replace(/\.ts$/, '')
}

function isAdapter(file: string): boolean {
  return rooms.includes(room(file)) && file.split(sep).length > 2
}

test('every import points downward', () => {
  const wrong = imports().filter(({ from, to }) => room(from) !== room(to) && !(allowed[room(from)] ?? []).includes(room(to)))
  assert.deepEqual(wrong, [])
})

test('only the composition root picks adapters; public helpers import their definitions', () => {
  const wrong = imports().filter(({ from, to }) => {
    if (!isAdapter(to) || dirname(from) === dirname(to)) return false
    if (room(from) === 'roles') return false
    return !(room(from) === 'index' && to.endsWith(`${sep}definition.ts`))
  })
  assert.deepEqual(wrong, [])
})

test("an adapter's definition imports only define and errors", () => {
  const wrong = imports().filter(({ from, to }) => isAdapter(from) && from.endsWith(`${sep}definition.ts`) && !['define', 'errors'].includes(room(to)))
  assert.deepEqual(wrong, [])
})

test('there are no import cycles', () => {
  const edges = new Map<string, string[]>()
  for (const { from, to } of imports()) edges.set(from, [...(edges.get(from) ?? []), to])
  const finished = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(!path.includes(file), `cycle: ${[...path, file].join(' -> ')}`)
    if (finished.has(file)) return
    for (const next of edges.get(file) ?? []) visit(next, [...path, file])
    finished.add(file)
  }
  for (const file of edges.keys()) visit(file, [])
})

test('a command loads no heavy package at its start', () => {
  const loaded = new Set<string>()
  const packages = new Set<string>()
  const load = (file: string): void => {
    if (loaded.has(file)) return
    loaded.add(file)
    const text = readFileSync(join(source, file), 'utf8')
    for (const [, name = ''] of text.matchAll(/^(?:import|export) (?!type )(?:[^']* from )?'([^'$]+)'/gm)) {
      if (name.startsWith('.')) load(normalize(join(dirname(file), name)).replace(/\.js$/, '.ts'))
      else packages.add(name)
    }
  }
  load(join('cli', 'main.ts'))
  assert.ok(loaded.size > 50 && packages.has('commander'))
  for (const heavy of ['esbuild', 'fastify', '@duckdb/node-api', '@dbos-inc/dbos-sdk', 'onnxruntime-web', 'ydf-inference', 'ydf-training', '@aws-sdk/client-s3', '@aws-sdk/client-sqs', 'nodemailer']) assert.ok(!packages.has(heavy), heavy)
})

test('no file is longer than 400 lines', () => {
  const long = sourceFiles().filter((file) => readFileSync(join(source, file), 'utf8').split('\n').length > 401)
  assert.deepEqual(long, [])
})
