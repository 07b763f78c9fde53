/** The model of a small project. */
export const MODEL = 'delivery-time'

/** Where its drops arrive, in the project's folder. */
export const DROPS = 'drops'

/** While a file of this name is in the project's folder, its trainer waits before it leaves a model. */
export const HOLD = 'hold-training'

export interface SmallProject {
  /** How it is trained, as it would be written; default the trainer below. */
  readonly train?: string
  /** Where drops arrive, as it would be written; default the folder below. */
  readonly source?: string
  /** The rules of its check, as they would be written; default one that every candidate keeps. */
  readonly check?: string
  /** Further properties of the definition, as they would be written, e.g. `limits: { trainTime: '2 seconds' },`. */
  readonly definition?: string
}

/**
 * A project whose runs take as little time as real ones can: one regression over a folder of CSV files, fitted by a
 * straight line, by path of the file in the project's folder.
 */
export function smallProject({ train = "module('trainer.ts', { predictor: 'predictor.ts' })", source = `folder('${DROPS}')`, check = '(m) => [m.mape.atMost(0.25)]', definition = '' }: SmallProject = {}): Readonly<Record<string, string>> {
  return {
    'refit.config.ts': projectFile(train, source, check, definition),
    'trainer.ts': lineTrainer,
    'predictor.ts': linePredictor,
  }
}

/** A drop: `rows` orders, made up from a seed. The same seed gives the same bytes; order ids do not repeat over seeds. */
export function deliveries(seed: number, rows = 300): string {
  const random = randomFrom(seed)
  const lines = Array.from({ length: rows }, (_, row) => {
    const distance = 10 + random() * 500
    const hours = (12 + 0.08 * distance) * (0.9 + 0.2 * random())
    return `o${seed}-${row},${distance.toFixed(1)},${hours.toFixed(2)}`
  })
  return `order_id,distance_km,hours\n${lines.join('\n')}\n`
}

/** Mulberry32, a small seeded generator (Tommy Ettinger, public domain). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const projectFile = (train: string, source: string, check: string, definition: string): string => `
import { byGroup, canary, column, command, defineModel, defineProject, folder, gradientBoostedTrees, module, onArrival, onDefinitionChange, produce, query, replace, s3, schedule, secret, upload, upsert } from 'refit'

const model = defineModel({
  task: 'regression',
  columns: {
    order_id: column.key(),
    distance_km: column.number({ min: 0 }),
    hours: column.target({ min: 0 }),
  },
  source: ${source},
  split: byGroup({ test: '25%' }),
  train: ${train},
  check: ${check},
  ${definition}
})

export default defineProject({ models: { '${MODEL}': model } })
`

const lineTrainer = `
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export default async function train({ trainFolder, modelFolder, target }) {
  const [head, ...lines] = readFileSync(join(trainFolder, 'train.csv'), 'utf8').trim().split('\\n')
  const names = head.split(',')
  const pairs = lines.map((line) => line.split(',')).map((cells) => [Number(cells[names.indexOf('distance_km')]), Number(cells[names.indexOf(target)])])
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [x, y] = [mean(pairs.map(([x]) => x)), mean(pairs.map(([, y]) => y))]
  const slope = mean(pairs.map((pair) => (pair[0] - x) * (pair[1] - y))) / mean(pairs.map((pair) => (pair[0] - x) ** 2))
  console.log('trained on ' + pairs.length + ' rows')
  while (existsSync('${HOLD}')) await delay(20)
  writeFileSync(join(modelFolder, 'line.json'), JSON.stringify({ slope, intercept: y - slope * x }))
}
`

const linePredictor = `
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export function load(folder) {
  const { slope, intercept } = JSON.parse(readFileSync(join(folder, 'line.json'), 'utf8'))
  return { predict: (rows) => rows.map(({ distance_km }) => intercept + slope * distance_km) }
}
`
