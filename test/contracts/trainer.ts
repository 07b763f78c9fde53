import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, realpath, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import { name, numberOf, openDuckDb, rowsOf, text } from '../../src/data/duckdb.js'
import type { Sets } from '../../src/data/snapshot.js'
import type { AdapterReference } from '../../src/define/stored-definition.js'
import type { Executor, Task } from '../../src/executors/executor.js'
import { readWithDigest } from '../../src/packages/read.js'
import { adapterOf } from '../../src/predictors/recognise.js'
import { executor, predictors } from '../../src/roles/adapters.js'
import { cutSets, type Value } from '../support/cut-sets.js'
import { modelNamed } from '../support/stored-models.js'
import { SEED, startTraining, type TrainingAttempt } from '../support/train-model.js'
import { batchOf } from './predictor.js'

/** A way of training, with a project that uses it. */
export interface TrainerCase {
  readonly reference: AdapterReference
  /** Writes the project's own files. */
  readonly prepare: (projectFolder: string) => Promise<void>
  /** What `reference` names as parameters. */
  readonly parameters: Readonly<Record<string, unknown>>
  /** Environment variables that `reference` names. */
  readonly ownVariables: readonly string[]
}

/** Houses whose price follows from their area, no two of them of the same. */
export const definition = modelNamed('house-price', {
  columns: {
    house: { type: 'text', role: 'group', optional: false },
    soldAt: { type: 'time', role: 'time', optional: false },
    area: { type: 'number', role: 'feature', optional: false },
    district: { type: 'category', role: 'feature', optional: true },
    price: { type: 'number', role: 'target', optional: false },
  },
})
export const houses: readonly Readonly<Record<string, Value>>[] = Array.from({ length: 400 }, (_, index) => {
  const area = 50 + ((index * 37) % 401) / 4
  return { house: `house ${index}`, soldAt: `2026-01-${String(1 + (index % 28)).padStart(2, '0')}`, area, district: index % 9 === 0 ? null : `d${index % 3}`, price: 1000 * area }
})

/** What every trainer does, in the stage that runs it. */
export function testTrainer({ reference, prepare, parameters, ownVariables }: TrainerCase): void {
  const named = (behaviour: string): string => `${reference.kind}: ${behaviour}`
  const desk = newDesk(prepare)
  const tasks: Task[] = []
  const watched: Executor = {
    ...executor,
    run: (task, signal) => {
      tasks.push(task)
      return executor.run(task, signal)
    },
  }
  let trained: Promise<TrainingAttempt> | undefined
  const train = async (attempt: number): Promise<TrainingAttempt> => {
    const { projectFolder, sets } = await desk.open()
    const training = startTraining({ projectFolder, definition, sets, trainer: reference, attempt, executor: watched })
    await training.done
    return training
  }
  const trainOnce = (): Promise<TrainingAttempt> => (trained ??= train(1))

  test(named('leaves a model that is recognised, packaged and answers well for rows it has never seen'), async () => {
    const { modelFolder } = await trainOnce()
    const { manifest } = await readWithDigest(modelFolder)
    assert.deepEqual(manifest.signature.inputs.map((input) => input.name), ['area', 'district'])
    const predictor = await adapterOf(predictors, manifest.format).load(modelFolder, manifest.signature)
    const asked = [60, 90, 120].map((area) => ({ area, district: 'd1' }))
    const predictions = await predictor.predict(batchOf(manifest.signature, asked))
    await predictor.close()
    assert.ok(predictions.task === 'regression')
    for (const [row, { area }] of asked.entries()) assert.ok(Math.abs((predictions.values[row] ?? 0) - 1000 * area) < 5000, `${predictions.values[row]} for ${area}`)
  })

  test(named('the same sets and seed give the same package'), async () => {
    const [first, second] = [await trainOnce(), await train(2)]
    assert.equal((await readWithDigest(second.modelFolder)).digest, (await readWithDigest(first.modelFolder)).digest)
  })

  test(named('every variable of the training contract is set, and means what it says'), async () => {
    const { modelFolder, attemptFolder } = await trainOnce()
    const { sets } = await desk.open()
    const variables = tasks[0]?.environment ?? {}
    const [train, validation] = [join(sets.folder, 'train'), join(sets.folder, 'validation')]
    const expected: Readonly<Record<string, string>> = {
      REFIT_TRAIN: train,
      REFIT_VALIDATION: validation,
      REFIT_MODEL_DIR: modelFolder,
      REFIT_SEED: String(SEED),
      REFIT_TARGET: 'price',
      REFIT_TASK: 'regression',
      SM_CHANNEL_TRAIN: train,
      SM_CHANNEL_VALIDATION: validation,
      SM_CHANNEL_TEST: validation,
      SM_MODEL_DIR: modelFolder,
      SM_OUTPUT_DATA_DIR: attemptFolder,
      SM_HPS: JSON.stringify(parameters),
      AIP_DATA_FORMAT: 'csv',
      AIP_TRAINING_DATA_URI: join(train, 'train.csv'),
      AIP_VALIDATION_DATA_URI: join(validation, 'validation.csv'),
      AIP_TEST_DATA_URI: join(validation, 'validation.csv'),
      AIP_MODEL_DIR: modelFolder,
    }
    for (const [variable, value] of Object.entries(expected)) assert.equal(variables[variable], value, variable)
    assert.deepEqual(JSON.parse(await readFile(variables['REFIT_PARAMS'] ?? '', 'utf8')), parameters)
    for (const [parameter, value] of Object.entries(parameters)) {
      assert.equal(variables[`SM_HP_${parameter.toUpperCase().replaceAll('-', '_')}`], typeof value === 'string' ? value : JSON.stringify(value), parameter)
    }
    for (const [folder, side] of [[train, 'train'], [validation, 'validation']] as const) {
      assert.deepEqual((await readdir(folder)).toSorted(), [`${side}.csv`, `${side}.parquet`])
      assert.match(await readFile(join(folder, `${side}.csv`), 'utf8'), /^area,district,price\n/)
    }
  })

  test(named('nothing of the server that is secret reaches the trainer'), async () => {
    await trainOnce()
    const allowed = /^(REFIT_(TRAIN|VALIDATION|MODEL_DIR|PARAMS|SEED|TARGET|TASK)|SM_.*|AIP_.*|PATH|HOME|TMPDIR|LANG|LC_ALL)$/
    for (const variable of Object.keys(tasks[0]?.environment ?? {})) assert.ok(allowed.test(variable) || ownVariables.includes(variable), variable)
  })

  test(named('no test row stands in anything that the variables point at'), async (context) => {
    await trainOnce()
    const { projectFolder, sets } = await desk.open()
    const test = await areasOf(context, join(sets.folder, 'test', 'test.parquet'))
    assert.equal(test.size, sets.rows.test)
    const seen = new Set<number>()
    for (const value of Object.values(tasks[0]?.environment ?? {})) {
      if (!value.startsWith(projectFolder)) continue
      for (const file of await filesBelow(value)) {
        if (!/\.(csv|parquet)$/.test(file)) continue
        for (const area of await areasOf(context, file)) seen.add(area)
      }
    }
    assert.equal(seen.size, sets.rows.train + sets.rows.validation)
    assert.deepEqual([...seen].filter((area) => test.has(area)), [])
  })
}

/** A project with sets that have been cut; made at the first use, removed in the end. */
export interface Desk {
  open(): Promise<{ readonly projectFolder: string; readonly sets: Sets }>
}

export function newDesk(prepare: (projectFolder: string) => Promise<void>): Desk {
  let made: Promise<{ projectFolder: string; sets: Sets }> | undefined
  after(async () => {
    if (made !== undefined) await rm((await made).projectFolder, { recursive: true, force: true })
  })
  return {
    open: () =>
      (made ??= (async () => {
        const projectFolder = await realpath(await mkdtemp(join(tmpdir(), 'refit-trainer-')))
        await prepare(projectFolder)
        return { projectFolder, sets: await cutSets(projectFolder, definition, houses) }
      })()),
  }
}

async function filesBelow(path: string): Promise<string[]> {
  if ((await stat(path)).isFile()) return [path]
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** The areas in a file, which tell its rows apart. */
async function areasOf(context: TestContext, file: string): Promise<ReadonlySet<number>> {
  const spillFolder = await mkdtemp(join(tmpdir(), 'refit-trainer-'))
  context.after(() => rm(spillFolder, { recursive: true, force: true }))
  const connection = await openDuckDb({ memoryBytes: 500_000_000, spillFolder })
  const read = file.endsWith('.csv') ? 'read_csv' : 'read_parquet'
  const rows = await rowsOf(connection, `select ${name('area')} as area from ${read}(${text(file)})`)
  connection.closeSync()
  return new Set(rows.map((row) => numberOf(row['area'])))
}
