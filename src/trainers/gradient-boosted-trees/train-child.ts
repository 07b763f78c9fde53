import { createReadStream } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { reproducible } from './reproducible.js'

/**
 * Trains with Yggdrasil: reads training and validation set as CSV (Yggdrasil cuts its own validation rows for early
 * stopping), writes values so that their types are told right, and leaves `model.ydf.zip`.
 */
const Task = Type.Object({
  columns: Type.Array(Type.Object({ name: Type.String(), type: Type.String() })),
  target: Type.String(),
  task: Type.Union([Type.Literal('regression'), Type.Literal('classification')]),
})

const LABEL = 'refit_label'
/** From so many rows Yggdrasil tells types and categories. */
const SCANNED_ROWS = 100_000
/** Of more rows than those: as many values as let a column be among them for certain. */
const FEWEST_VALUES = 100

interface YdfTraining {
  readonly GradientBoostedTreesLearner: new (label: string, task: string) => { train(csv: string): { save(): Promise<Blob>; unload?: () => void } }
}

function environment(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set`)
  return value
}

/** As the predictor writes it: predictors/ydf/features.ts, which says why. */
function encodeCategory(value: string): string {
  if (value === '') return 'n'
  return `c${value.replaceAll(/[^A-Za-z0-9]/gu, (character) => `_${(character.codePointAt(0) ?? 0).toString(16)}_`)}`
}

/** Booleans and whole numbers get a fraction: a column of nothing but 0 and 1 would be no number for Yggdrasil. */
function encode(value: string, type: string): string {
  switch (type) {
    case 'number':
      return /^-?\d+$/.test(value) ? `${value}.0` : value
    case 'boolean':
      return value === '' ? '' : value === 'true' ? '1.0' : '0.0'
    default:
      return encodeCategory(value)
  }
}

/** The records of a CSV file as DuckDB writes it: quotes only where needed, doubled inside; lines end in \n alone. */
async function* recordsOf(file: string): AsyncIterable<string[]> {
  let fields: string[] = []
  let field = ''
  let quoted = false
  let unquotedJustNow = false
  for await (const chunk of createReadStream(file, 'utf8')) {
    for (const character of String(chunk)) {
      if (character === '"') {
        if (unquotedJustNow) field += '"'
        quoted = !quoted
        unquotedJustNow = !quoted
        continue
      }
      unquotedJustNow = false
      if (quoted || (character !== ',' && character !== '\n')) field += character
      else {
        fields.push(field)
        field = ''
        if (character === ',') continue
        yield fields
        fields = []
      }
    }
  }
}

interface Column {
  /** Its name in the CSV for Yggdrasil. */
  readonly alias: string
  readonly name: string
  readonly type: string
}

/** The rows of both sets as Yggdrasil reads them. */
async function readRows(files: readonly string[], columns: readonly Column[]): Promise<string[]> {
  const rows: string[] = []
  for (const file of files) {
    let places: number[] | undefined
    for await (const fields of recordsOf(file)) {
      if (places === undefined) places = columns.map(({ name }) => fields.indexOf(name))
      else rows.push(columns.map(({ type }, column) => encode(fields[places?.[column] ?? -1] ?? '', type)).join(','))
    }
  }
  return rows
}

/** Columns without values, or with next to none, are left out: Yggdrasil does not train on a column whose type it cannot tell. */
async function withValues(files: readonly string[], columns: readonly Column[]): Promise<readonly Column[]> {
  const counts = new Map<string, number>()
  let rows = 0
  for (const file of files) {
    let header: string[] | undefined
    for await (const fields of recordsOf(file)) {
      if (header === undefined) header = fields
      else {
        rows += 1
        for (const [place, name] of header.entries()) if (fields[place] !== '') counts.set(name, (counts.get(name) ?? 0) + 1)
      }
    }
  }
  const fewest = rows > SCANNED_ROWS ? FEWEST_VALUES : 1
  return columns.filter(({ name }) => (counts.get(name) ?? 0) >= fewest)
}

/** Yggdrasil tells types and categories from the first rows alone, and rows come in the order of time. */
function shuffle(rows: string[], seed: number): void {
  let state = seed >>> 0
  for (let last = rows.length - 1; last > 0; last -= 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const other = Math.floor((state / 2 ** 32) * (last + 1))
    const moved = rows[last] ?? ''
    rows[last] = rows[other] ?? ''
    rows[other] = moved
  }
}

async function main(): Promise<void> {
  const startedAt = Date.now()
  const task = Value.Parse(Task, JSON.parse(process.argv[2] ?? ''))
  const files = [join(environment('REFIT_TRAIN'), 'train.csv'), join(environment('REFIT_VALIDATION'), 'validation.csv')]
  const features = await withValues(files, task.columns.map(({ name, type }, index) => ({ alias: `f${index}`, name, type })))
  const columns: readonly Column[] = [...features, { alias: LABEL, name: task.target, type: task.task === 'regression' ? 'number' : 'category' }]
  const rows = await readRows(files, columns)
  if (rows.length > SCANNED_ROWS) shuffle(rows, Number(environment('REFIT_SEED')))
  console.log(`training on ${rows.length} rows of ${features.length} features`)
  const empty = task.columns.filter(({ name }) => !features.some((feature) => feature.name === name))
  if (empty.length > 0) console.log(`left out, for want of values: ${empty.map(({ name }) => name).join(', ')}`)
  const require = createRequire(import.meta.url)
  Reflect.set(globalThis, 'JSZip', require('jszip'))
  const start: unknown = require('ydf-training')
  if (typeof start !== 'function') throw new Error('ydf-training has another form than expected')
  const ydf: unknown = await Reflect.apply(start, undefined, [])
  if (!isTraining(ydf)) throw new Error('ydf-training has another form than expected')
  const learner = new ydf.GradientBoostedTreesLearner(LABEL, task.task.toUpperCase())
  const model = learner.train([columns.map(({ alias }) => alias).join(','), ...rows, ''].join('\n'))
  console.log(`trained in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`)
  const file = join(environment('REFIT_MODEL_DIR'), 'model.ydf.zip')
  await writeFile(`${file}.tmp`, await reproducible(new Uint8Array(await (await model.save()).arrayBuffer())))
  await rename(`${file}.tmp`, file)
  console.log(`saved ${(await readFile(file)).length} bytes`)
}

function isTraining(value: unknown): value is YdfTraining {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'GradientBoostedTreesLearner') === 'function'
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    // The reason comes last, for the end of the log is what is shown first.
    if (error instanceof Error) console.error(error.stack)
    console.error(error instanceof Error ? error.message : String(error))
    process.exit(1)
  },
)
