import assert from 'node:assert/strict'
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import JSZip from 'jszip'
import pino from 'pino'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { RefitError } from '../../src/errors.js'
import type { Signature, SignatureColumn } from '../../src/packages/manifest.js'
import { moduleModel } from '../../src/predictors/module/adapter.js'
import { onnx } from '../../src/predictors/onnx/adapter.js'
import { ydf } from '../../src/predictors/ydf/adapter.js'
import { loadToServe } from '../../src/roles/load-to-serve.js'
import { answerOf } from '../../src/serving/answer.js'
import { districts, houseInputs, leaveTrees } from '../support/trained-trees.js'
import { batchOf, testPredictor, type ModelCase } from './predictor.js'

const fixtures = fileURLToPath(new URL('../../../test/fixtures/models', import.meta.url))
const answers = Value.Parse(
  Type.Object({
    'matrix-regression': Type.Array(Type.Number()),
    'matrix-classification': Type.Object({ classes: Type.Array(Type.String()), probabilities: Type.Array(Type.Array(Type.Number())) }),
    'columns-regression': Type.Array(Type.Number()),
  }),
  JSON.parse(await readFile(join(fixtures, 'answers.json'), 'utf8')),
)

function regressionOf(...inputs: SignatureColumn[]): Signature {
  return { task: 'regression', inputs, target: 'price', classes: [] }
}

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-predictor-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** As the check loads a model, and as serving does. */
function testBothWays(model: ModelCase): void {
  testPredictor(model)
  const { format } = model.adapter
  testPredictor({ ...model, what: `${model.what}, as serving loads it`, load: (folder, signature) => loadToServe(folder, { formatVersion: 1, format, signature, files: [] }, { hangsAfterMs: 30_000, log: pino({ level: 'silent' }) }) })
}

// ONNX

const area: SignatureColumn = { name: 'area', type: 'number', optional: true }
const garden: SignatureColumn = { name: 'garden', type: 'boolean', optional: false }
const areaAndGarden = [
  { area: 50, garden: false },
  { area: 120.5, garden: true },
  { area: 300, garden: false },
  { area: null, garden: true },
]

testBothWays({
  what: 'a matrix of all features',
  adapter: onnx,
  signature: regressionOf(area, garden),
  leave: (folder) => copyFile(join(fixtures, 'matrix-regression.onnx'), join(folder, 'model.onnx')),
  files: ['model.onnx'],
  rows: areaAndGarden,
  expected: answers['matrix-regression'],
  tolerance: 1e-4,
})

testBothWays({
  what: 'classes',
  adapter: onnx,
  signature: { task: 'classification', inputs: [area, garden], target: 'size', classes: [] },
  leave: async (folder) => {
    await copyFile(join(fixtures, 'matrix-classification.onnx'), join(folder, 'model.onnx'))
    await writeFile(join(folder, 'classes.json'), JSON.stringify(answers['matrix-classification'].classes))
  },
  files: ['model.onnx', 'classes.json'],
  rows: areaAndGarden,
  expected: answers['matrix-classification'].probabilities.map((row) => answers['matrix-classification'].classes[row.indexOf(Math.max(...row))]),
  tolerance: 0,
})

const byColumn = regressionOf({ name: 'district', type: 'category', optional: true }, area, { name: 'floors', type: 'number', optional: false })
testBothWays({
  what: 'a tensor for each column',
  adapter: onnx,
  signature: byColumn,
  leave: (folder) => copyFile(join(fixtures, 'columns-regression.onnx'), join(folder, 'model.onnx')),
  files: ['model.onnx'],
  rows: [
    { area: 50, floors: 1, district: '01' },
    { area: 120.5, floors: 2, district: 'süd' },
    { area: null, floors: 3, district: 'north, east' },
    { area: 80, floors: 2, district: null },
  ],
  expected: answers['columns-regression'],
  tolerance: 1e-4,
})

test('onnx: an answer that is no number is never handed on', async (context) => {
  const folder = await temporaryFolder(context)
  await copyFile(join(fixtures, 'logarithm.onnx'), join(folder, 'model.onnx'))
  const signature = regressionOf(area)
  const predictor = await onnx.load(folder, signature)
  context.after(() => predictor.close())
  assert.deepEqual(answerOf(signature, await predictor.predict(batchOf(signature, [{ area: 1 }]))), [0])
  const wrong = await predictor.predict(batchOf(signature, [{ area: 1 }, { area: -1 }, { area: 0 }]))
  assert.throws(() => answerOf(signature, wrong), { code: 'prediction-invalid' })
})

test('onnx: a model for other columns, or of another task, is told as such', async (context) => {
  const folder = await temporaryFolder(context)
  await copyFile(join(fixtures, 'matrix-regression.onnx'), join(folder, 'model.onnx'))
  const wide = regressionOf(area, garden, { name: 'floors', type: 'number', optional: true })
  const classes: Signature = { task: 'classification', inputs: [area, garden], target: 'size', classes: ['a', 'b', 'c'] }
  for (const signature of [wide, classes]) {
    const predictor = await onnx.load(folder, signature)
    await assert.rejects(predictor.predict(batchOf(signature, areaAndGarden)), { code: 'prediction-invalid' })
    await predictor.close()
  }
})

test('onnx: one matrix for columns of text is refused before it is packaged', async (context) => {
  const folder = await temporaryFolder(context)
  await copyFile(join(fixtures, 'matrix-regression.onnx'), join(folder, 'model.onnx'))
  const signature = regressionOf(area, { name: 'heating', type: 'category', optional: false })
  await assert.rejects(onnx.finish(folder, signature), (error) => error instanceof RefitError && error.code === 'model-unreadable' && error.message.includes('heating'))
})

// Modules

const lookup = `import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
export async function load(folder) {
  const perSquareMetre = JSON.parse(await readFile(join(folder, 'weights.json'), 'utf8'))
  return { predict: async (rows) => rows.map(({ area, garden }) => (area ?? 100) * perSquareMetre + (garden ? 10_000 : 0)) }
}`
testBothWays({
  what: 'numbers',
  adapter: moduleModel,
  signature: regressionOf(area, garden),
  leave: async (folder) => {
    await writeFile(join(folder, 'predictor.mjs'), lookup)
    await writeFile(join(folder, 'weights.json'), '[[2000]]'.slice(2, 6))
  },
  files: ['predictor.mjs'],
  rows: areaAndGarden,
  expected: [100_000, 251_000, 600_000, 210_000],
  tolerance: 0,
})

const labels = `export const load = () => ({ predict: (rows) => rows.map(({ area }) => (area > 100 ? { small: 0.25, constructor: 0.75 } : { constructor: 0.125, small: 0.875 })) })`
testBothWays({
  what: 'classes',
  adapter: moduleModel,
  signature: { task: 'classification', inputs: [area, garden], target: 'size', classes: [] },
  leave: async (folder) => {
    await writeFile(join(folder, 'predictor.mjs'), labels)
    await writeFile(join(folder, 'classes.json'), '["constructor", "small"]')
  },
  files: ['predictor.mjs', 'classes.json'],
  rows: areaAndGarden,
  expected: ['small', 'constructor', 'constructor', 'small'],
  tolerance: 0,
})

/** A module whose `predict` has this body. */
async function moduleThat(context: TestContext, body: string, signature: Signature): ReturnType<typeof moduleModel.load> {
  const folder = await temporaryFolder(context)
  await writeFile(join(folder, 'predictor.mjs'), `export const load = () => ({ predict: (rows) => { ${body} } })`)
  return moduleModel.load(folder, signature)
}

test('module: an answer that is not one number a row is refused', async (context) => {
  const signature = regressionOf(area)
  const wrong = ['return [1]', 'return [1, NaN]', 'return [1, Infinity]', 'return [1, "2"]', 'return [1, null]', 'return [{ a: 1 }, { a: 2 }]', 'return 1', 'return', 'return [1, 2, 3]', 'throw new Error("no")', 'throw null']
  for (const body of wrong) {
    const predictor = await moduleThat(context, body, signature)
    await assert.rejects(predictor.predict(batchOf(signature, [{ area: 1 }, { area: 2 }])), { code: 'prediction-invalid' }, body)
  }
})

test('module: an answer without a probability for each label is refused', async (context) => {
  const signature: Signature = { task: 'classification', inputs: [area], target: 'size', classes: ['small', 'constructor'] }
  for (const body of ['return [1]', 'return [{}]', 'return [{ small: 1 }]', 'return [{ small: NaN, constructor: 1 }]', 'return ["small"]', 'return [[0.5, 0.5]]', 'return [{ Small: 1, Constructor: 0 }]']) {
    const predictor = await moduleThat(context, body, signature)
    await assert.rejects(predictor.predict(batchOf(signature, [{ area: 1 }])), { code: 'prediction-invalid' }, body)
  }
})

// Yggdrasil

const named = Value.Parse(Type.Object({ asked: Type.Object({ area: Type.Array(Type.Number()), district: Type.Array(Type.String()) }), answers: Type.Array(Type.Number()) }), JSON.parse(await readFile(join(fixtures, 'named-regression.json'), 'utf8')))
testBothWays({
  what: 'features by names of their own, as from Python',
  adapter: ydf,
  // In another order, and with a column that the model does not take.
  signature: regressionOf({ name: 'floors', type: 'number', optional: true }, { name: 'district', type: 'category', optional: true }, area),
  leave: async (folder) => {
    await unzip(join(fixtures, 'named-regression.ydf.zip'), folder)
    await ydf.arrange?.(folder, await readdir(folder))
  },
  files: ['model.ydf.zip'],
  rows: named.asked.area.map((size, row) => ({ area: size, district: named.asked.district[row] ?? '', floors: 2 })),
  expected: named.answers,
  tolerance: 0,
})

test('ydf: a model tells the columns that it takes, unless it knows them by their places alone', async (context) => {
  const folder = await temporaryFolder(context)
  await copyFile(join(fixtures, 'named-regression.ydf.zip'), join(folder, 'model.ydf.zip'))
  assert.deepEqual(await ydf.takes?.(folder, [area]), { names: ['area', 'district'] })
})

async function unzip(file: string, folder: string): Promise<void> {
  const zip = await JSZip.loadAsync(await readFile(file))
  for (const entry of Object.values(zip.files)) await writeFile(join(folder, entry.name), await entry.async('nodebuffer'))
}

const askedHouses = [
  ...districts.map((district, at) => ({ district, area: 60 + at * 15, garden: true, bathrooms: 1, 'sold, in €': null })),
  { district: null, area: 140, garden: null, bathrooms: null, 'sold, in €': 5 },
]

testBothWays({
  what: 'numbers',
  adapter: ydf,
  signature: regressionOf(...houseInputs),
  leave: (folder) => leaveTrees(folder, 'regression', 'price'),
  files: ['model.ydf.zip'],
  rows: askedHouses,
  expected: [...districts.map((_, at) => 100_000 * (at + 1) + 1000 * (60 + at * 15)), undefined],
  tolerance: 0.1,
})

testBothWays({
  what: 'two classes',
  adapter: ydf,
  signature: { task: 'classification', inputs: houseInputs, target: 'worth', classes: [] },
  leave: (folder) => leaveTrees(folder, 'classification', 'worth'),
  files: ['model.ydf.zip'],
  rows: askedHouses,
  expected: ['cheap', 'cheap', 'cheap', 'dear', 'dear', 'dear'],
  tolerance: 0,
})

testBothWays({
  what: 'many classes',
  adapter: ydf,
  signature: { task: 'classification', inputs: houseInputs, target: 'direction', classes: [] },
  leave: (folder) => leaveTrees(folder, 'classification', 'direction'),
  files: ['model.ydf.zip'],
  rows: askedHouses,
  expected: [...districts, undefined],
  tolerance: 0,
})
