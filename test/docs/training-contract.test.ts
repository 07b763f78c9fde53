import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openDuckDb, text } from '../../src/data/duckdb.js'
import type { StoredModel } from '../../src/define/stored-definition.js'
import type { Signature } from '../../src/packages/manifest.js'
import type { Predictions } from '../../src/predictors/predictor.js'
import { recognise } from '../../src/predictors/recognise.js'
import { basicEnvironment, runProcess } from '../../src/processes/run-process.js'
import { predictors, trainers } from '../../src/roles/adapters.js'
import { evaluateProject } from '../../src/roles/evaluate-project.js'
import type { TrainingRequest } from '../../src/trainers/trainer.js'
import { trainingEnvironment } from '../../src/trainers/training-contract.js'
import { codeBlocksOf, readPage, tablesOf } from './pages.js'

const page = readPage('docs/training-contract.md')
const blocks = codeBlocksOf('docs/training-contract.md', page)

/** The files that the page shows, in a project of their own. */
async function documentedProject(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-training-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  for (const { code } of blocks) {
    const path = /^(?:\/\/|#) ([\w./-]+)\n/.exec(code)?.[1] ?? ''
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), code)
  }
  const models = `import a from './models/house-price.js'\nimport b from './models/rent.js'\nexport default defineProject({ models: { 'house-price': a, rent: b } })\n`
  await writeFile(join(folder, 'refit.config.ts'), `import { defineProject } from 'refit'\n${models}`)
  return folder
}

async function modelOf(folder: string, name: string): Promise<StoredModel> {
  const { project } = await evaluateProject(folder, AbortSignal.timeout(60_000))
  const model = project.models[name]
  assert.ok(model !== undefined)
  return model
}

/** A request whose sets hold what the SQL selects, as the split leaves them. */
async function requestFor(folder: string, definition: StoredModel, select: string): Promise<TrainingRequest> {
  const [attemptFolder, trainFolder, validationFolder, modelFolder] = ['attempt', 'sets/train', 'sets/validation', 'attempt/model'].map((path) => join(folder, path))
  assert.ok(attemptFolder !== undefined && trainFolder !== undefined && validationFolder !== undefined && modelFolder !== undefined)
  for (const each of [trainFolder, validationFolder, modelFolder]) await mkdir(each, { recursive: true })
  const connection = await openDuckDb({ memoryBytes: 500_000_000, spillFolder: join(folder, 'spill') })
  for (const file of [join(trainFolder, 'train'), join(validationFolder, 'validation')]) {
    await connection.run(`copy (${select}) to ${text(`${file}.parquet`)} (format parquet)`)
    await connection.run(`copy (${select}) to ${text(`${file}.csv`)} (format csv, header)`)
  }
  connection.closeSync()
  return { definition, options: definition.train.options, projectFolder: folder, attemptFolder, trainFolder, validationFolder, modelFolder, rows: { train: 60, validation: 60 }, seed: 7 }
}

/** Trains by the contract and asks the model that is left for one prediction a row. */
async function trainAndPredict(request: TrainingRequest, rows: readonly Readonly<Record<string, string | number | boolean | null>>[]): Promise<Predictions> {
  const trainer = trainers.get(request.definition.train.kind)
  assert.ok(trainer !== undefined)
  const command = await trainer.command(request)
  const logFile = join(request.attemptFolder, 'log')
  const end = await runProcess(
    {
      command: command.command,
      arguments: command.arguments,
      environment: { ...(await trainingEnvironment(request)), ...command.environment },
      workingFolder: command.workingFolder,
      token: `documented/${process.pid}/${request.definition.name}/1`,
      limits: { milliseconds: 300_000, memoryBytes: 4_000_000_000 },
      logFile,
    },
    AbortSignal.timeout(300_000),
  )
  assert.deepEqual(end, { kind: 'exited', code: 0 }, (await readFile(logFile, 'utf8')).slice(-2000))
  const inputs = Object.entries(request.definition.columns).flatMap(([name, { role, type, optional }]) =>
    role === 'feature' && type !== 'text' && type !== 'time' ? [{ name, type, optional }] : [],
  )
  const signature: Signature = { task: request.definition.task, inputs, target: 'target', classes: [] }
  const adapter = await recognise(predictors, request.modelFolder)
  const classes = await adapter.finish(request.modelFolder, signature)
  const predictor = await adapter.load(request.modelFolder, { ...signature, classes: [...classes] })
  try {
    const columns = Object.fromEntries(inputs.map(({ name }) => [name, rows.map((row) => row[name] ?? null)]))
    return await predictor.predict({ rows: rows.length, columns })
  } finally {
    await predictor.close()
  }
}

/** The definition with a weight. */
function weighed(definition: StoredModel): StoredModel {
  return { ...definition, columns: { ...definition.columns, size: { type: 'number', role: 'weight', optional: false } } }
}

test('docs/training-contract.md names every variable that a trainer gets, and no other', async (t) => {
  const folder = await documentedProject(t)
  const request = await requestFor(folder, weighed(await modelOf(folder, 'rent')), `select 'north' as district, 50.0::double as square_metres, 800.0::double as rent`)
  const given = Object.keys(await trainingEnvironment({ ...request, checkedFolder: folder })).map((name) => (name.startsWith('SM_HP_') ? 'SM_HP_*' : name))
  const [table] = tablesOf(page)
  const documented = (table?.rows ?? []).flatMap(([names = '']) => names.replaceAll('`', '').split(', '))
  // Which of the inherited ones are set depends on who runs this.
  const inherited = Object.keys(basicEnvironment())
  assert.deepEqual(new Set(documented.filter((name) => !/^(PATH|HOME|TMPDIR|LANG|LC_ALL)$/.test(name))), new Set(given.filter((name) => !inherited.includes(name))))
  for (const name of inherited) assert.ok(documented.includes(name), name)
})

test('docs/training-contract.md names the file of every model format', () => {
  const table = tablesOf(page).find(({ heading }) => heading === 'What it leaves')
  const recognised = (table?.rows ?? []).map(([file = '']) => predictors.find((adapter) => adapter.recognises([file.replaceAll('`', '')]))?.format)
  assert.deepEqual(new Set(recognised), new Set(predictors.map(({ format }) => format)))
})

test('the TypeScript example of docs/training-contract.md trains and predicts', async (t) => {
  const folder = await documentedProject(t)
  const select = `select district, square_metres, rent from (values ('north', 50.0::double, 800.0::double), ('north', 70.0, 1000.0), ('south', 60.0, 600.0)) as rows (district, square_metres, rent)`
  const request = await requestFor(folder, await modelOf(folder, 'rent'), select)
  const answer = await trainAndPredict(request, [{ district: 'north', square_metres: 1 }, { district: 'south', square_metres: 1 }, { district: 'west', square_metres: 1 }])
  assert.deepEqual(answer, { task: 'regression', values: Float64Array.of(900, 600, 800) })
})

// The example says `python3`: the interpreter of the tests comes first on the path.
const interpreter = process.env['REFIT_TEST_PYTHON']
if (interpreter !== undefined) process.env['PATH'] = `${dirname(interpreter)}:${process.env['PATH'] ?? ''}`

test('the Python example of docs/training-contract.md parses', (t) => {
  const python = blocks.find(({ language }) => language === 'python')?.code ?? ''
  const parsed = spawnSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], { input: python, encoding: 'utf8' })
  if (parsed.error !== undefined) t.skip('there is no python3 here')
  else assert.equal(parsed.status, 0, parsed.stderr)
})

for (const [task, isWeighed] of [['regression', false], ['classification', false], ['regression', true]] as const) {
  test(`the Python example of docs/training-contract.md trains a ${task}${isWeighed ? ' by weight' : ''} and its ONNX model predicts`, async (t) => {
    const probe = spawnSync('python3', ['-c', 'import sklearn, skl2onnx, pandas, pyarrow'])
    if (probe.status !== 0) {
      t.skip('scikit-learn, skl2onnx, pandas or pyarrow is not installed for python3')
      return
    }
    const folder = await documentedProject(t)
    const plain: StoredModel = { ...(await modelOf(folder, 'house-price')), task }
    const definition = isWeighed ? weighed(plain) : plain
    const price = task === 'regression' ? `(i % 3 * 100 + i)::double` : `case when i % 3 = 1 then 'dear' else 'cheap' end`
    const columns = `'9802' || (i % 3) as zipcode, i % 2 = 0 as waterfront, i::double as sqft_living, case when i % 5 > 0 then 2000.0::double end as yr_renovated`
    const request = await requestFor(folder, definition, `select ${columns}, ${price} as price${isWeighed ? ', (i % 3 < 2)::double as size' : ''} from range(600) as numbers (i)`)
    const rows = ['98020', '98021', '98022'].map((zipcode, index) => ({ zipcode, waterfront: true, sqft_living: 300 + index, yr_renovated: null }))
    const answer = await trainAndPredict(request, rows)
    if (answer.task === 'regression') {
      const [first = 0, second = 0, third = 0] = answer.values
      // Where the rows of the third zip code weigh nothing, nothing is learned of its prices, which are 100 higher.
      assert.ok(first < second && (isWeighed ? third < second + 50 : second < third), [first, second, third].join(', '))
    } else {
      const [cheap = 0, , , dear = 0] = answer.probabilities
      assert.ok(cheap > 0.5 && dear > 0.5, answer.probabilities.join(', '))
    }
  })
}
