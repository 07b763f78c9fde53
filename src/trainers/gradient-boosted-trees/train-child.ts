import { createReadStream } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'

/**
 * Trains with Yggdrasil: reads training and validation set as CSV (Yggdrasil cuts its own validation rows for early
 * stopping), writes categories so that they stay categories, and leaves `model.ydf.zip`.
 */
const Task = Type.Object({
  columns: Type.Array(Type.Object({ name: Type.String(), type: Type.String() })),
  target: Type.String(),
  task: Type.Union([Type.Literal('regression'), Type.Literal('classification')]),
})

const LABEL = 'refit_label'
const CATEGORY_PREFIX = 'c'

interface YdfTraining {
  readonly GradientBoostedTreesLearner: new (label: string, task: string) => { train(csv: string): { save(): Promise<Blob>; unload?: () => void } }
}

function environment(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set`)
  return value
}

/** Splits one CSV line as DuckDB writes it: quotes only where needed, doubled inside. */
function fieldsOf(line: string): string[] {
  const fields: string[] = []
  let field = ''
  let quoted = false
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at] ?? ''
    if (quoted && character === '"' && line[at + 1] === '"') {
      field += '"'
      at += 1
    } else if (character === '"') quoted = !quoted
    else if (character === ',' && !quoted) {
      fields.push(field)
      field = ''
    } else field += character
  }
  return [...fields, field]
}

function encode(value: string, type: string): string {
  if (value === '') return ''
  switch (type) {
    case 'number':
      return value
    case 'boolean':
      return value === 'true' ? '1' : '0'
    default:
      return `"${(CATEGORY_PREFIX + value).replaceAll('"', '""').replaceAll(/[\r\n]/g, ' ')}"`
  }
}

async function* linesOf(file: string): AsyncIterable<string> {
  let pending = ''
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    pending = pending === '' ? line : `${pending}\n${line}`
    // A quoted value may hold line breaks: the row ends where its quotes are even.
    if ((pending.split('"').length - 1) % 2 === 1) continue
    yield pending
    pending = ''
  }
}

async function readSet(file: string, task: Static<typeof Task>): Promise<string[]> {
  const rows: string[] = []
  let places: { at: number; type: string }[] | undefined
  for await (const line of linesOf(file)) {
    const fields = fieldsOf(line)
    if (places === undefined) {
      const labelType = task.task === 'regression' ? 'number' : 'category'
      places = [...task.columns, { name: task.target, type: labelType }].map(({ name, type }) => ({ at: fields.indexOf(name), type }))
    } else rows.push(places.map(({ at, type }) => encode(fields[at] ?? '', type)).join(','))
  }
  return rows
}

async function main(): Promise<void> {
  const startedAt = Date.now()
  const task = Value.Parse(Task, JSON.parse(process.argv[2] ?? ''))
  const rows = [
    ...(await readSet(join(environment('REFIT_TRAIN'), 'train.csv'), task)),
    ...(await readSet(join(environment('REFIT_VALIDATION'), 'validation.csv'), task)),
  ]
  console.log(`training on ${rows.length} rows of ${task.columns.length} features`)
  const require = createRequire(import.meta.url)
  Reflect.set(globalThis, 'JSZip', require('jszip'))
  const start: unknown = require('ydf-training')
  if (typeof start !== 'function') throw new Error('ydf-training has another form than expected')
  const ydf: unknown = await Reflect.apply(start, undefined, [])
  if (!isTraining(ydf)) throw new Error('ydf-training has another form than expected')
  const header = [...task.columns.map((_, index) => `f${index}`), LABEL].join(',')
  const learner = new ydf.GradientBoostedTreesLearner(LABEL, task.task.toUpperCase())
  const model = learner.train([header, ...rows, ''].join('\n'))
  console.log(`trained in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`)
  const file = join(environment('REFIT_MODEL_DIR'), 'model.ydf.zip')
  await writeFile(`${file}.tmp`, Buffer.from(await (await model.save()).arrayBuffer()))
  await rename(`${file}.tmp`, file)
  console.log(`saved ${(await readFile(file)).length} bytes`)
}

function isTraining(value: unknown): value is YdfTraining {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'GradientBoostedTreesLearner') === 'function'
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? (error.stack ?? error.message) : String(error))
    process.exit(1)
  },
)
