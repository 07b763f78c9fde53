import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import type { Signature } from '../../src/packages/manifest.js'
import type { FeatureBatch, FeatureValue, Predictions, Predictor, PredictorAdapter } from '../../src/predictors/predictor.js'
import { recognise } from '../../src/predictors/recognise.js'
import { predictors } from '../../src/roles/adapters.js'

/** A model of the adapter's format, and rows that it is asked for. */
export interface ModelCase {
  readonly what: string
  readonly adapter: PredictorAdapter
  /** How it is loaded, where it is not by the adapter. */
  readonly load?: PredictorAdapter['load']
  /** As before `finish`: without the class labels. */
  readonly signature: Signature
  /** Leaves the model in a new folder as a trainer would. */
  readonly leave: (folder: string) => Promise<void>
  /** Files without which, or with others in their place, there is no model. */
  readonly files: readonly string[]
  /** Rows to ask for, every optional column missing in one of them. */
  readonly rows: readonly Readonly<Record<string, FeatureValue>>[]
  /** What is expected of each row: a number, with a relative tolerance, or the label; undefined: whatever it says. */
  readonly expected: readonly (number | string | undefined)[]
  readonly tolerance: number
}

/** What every predictor does. */
export function testPredictor(model: ModelCase): void {
  const { adapter, rows } = model
  const load: PredictorAdapter['load'] = model.load ?? ((folder, signature) => adapter.load(folder, signature))
  const named = (behaviour: string): string => `${adapter.format}, ${model.what}: ${behaviour}`
  let left: Promise<string> | undefined
  after(async () => {
    if (left !== undefined) await rm(await left, { recursive: true, force: true })
  })

  /** The model is made once, for making it may take a while, and copied for each test. */
  const folderOf = async (context: TestContext): Promise<string> => {
    left ??= (async () => {
      const folder = await mkdtemp(join(tmpdir(), 'refit-predictor-'))
      await model.leave(folder)
      return folder
    })()
    const folder = await mkdtemp(join(tmpdir(), 'refit-predictor-'))
    context.after(() => rm(folder, { recursive: true, force: true }))
    await cp(await left, folder, { recursive: true })
    return folder
  }
  const open = async (context: TestContext): Promise<{ folder: string; predictor: Predictor; signature: Signature }> => {
    const folder = await folderOf(context)
    const signature = { ...model.signature, classes: [...(await adapter.finish(folder, model.signature))] }
    const predictor = await load(folder, signature)
    context.after(() => predictor.close())
    return { folder, predictor, signature }
  }

  test(named('is recognised among what the trainer left, whatever else it left'), async (context) => {
    const folder = await folderOf(context)
    await writeFile(join(folder, 'notes.txt'), 'a diary of the training')
    assert.equal(await recognise(predictors, folder), adapter)
  })

  test(named('answers as expected, in the order of the rows'), async (context) => {
    const { predictor, signature } = await open(context)
    for (const order of [rows.map((_, row) => row), rows.map((_, row) => row).toReversed()]) {
      const answers = answersOf(signature, await predictor.predict(batchOf(signature, order.map((row) => rows[row] ?? {}))))
      for (const [place, row] of order.entries()) {
        if (model.expected[row] !== undefined) assertNear(answers[place], model.expected[row], model.tolerance, `row ${row}`)
      }
    }
  })

  test(named('answers each row of a batch as the same row alone, and a large batch too'), async (context) => {
    const { predictor, signature } = await open(context)
    const many = Array.from({ length: 2000 }, (_, index) => rows[index % rows.length] ?? {})
    const together = valuesOf(await predictor.predict(batchOf(signature, many)))
    const width = Math.max(1, signature.classes.length)
    assert.equal(together.length, many.length * width)
    for (const [index, row] of rows.entries()) {
      const alone = valuesOf(await predictor.predict(batchOf(signature, [row])))
      assert.deepEqual(alone, together.slice(index * width, (index + 1) * width), `row ${index}`)
      assert.deepEqual(alone, together.slice((index + rows.length) * width, (index + rows.length + 1) * width), `row ${index} again`)
    }
  })

  test(named('answers a number where an optional value is missing, or a category was never seen'), async (context) => {
    const { predictor, signature } = await open(context)
    const empty = rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, signature.inputs.some((input) => input.name === name && input.optional) ? null : value])))
    const strange = rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, typeof value === 'string' ? 'never seen, "ever"\n' : value])))
    for (const asked of [empty, strange]) {
      for (const value of valuesOf(await predictor.predict(batchOf(signature, asked)))) assert.ok(Number.isFinite(value))
    }
  })

  if (model.signature.task === 'classification') {
    test(named('the probabilities of a row are between 0 and 1 and sum to 1'), async (context) => {
      const { predictor, signature } = await open(context)
      const probabilities = valuesOf(await predictor.predict(batchOf(signature, rows)))
      for (const row of rows.keys()) {
        const of = probabilities.slice(row * signature.classes.length, (row + 1) * signature.classes.length)
        assert.ok(of.every((value) => value >= 0 && value <= 1))
        assertNear(of.reduce((sum, value) => sum + value, 0), 1, 1e-5, `row ${row}`)
      }
    })
  }

  test(named('answers many callers at the same time, each with their own answer'), async (context) => {
    const { predictor, signature } = await open(context)
    const alone = await Promise.all(rows.map(async (row) => valuesOf(await predictor.predict(batchOf(signature, [row])))))
    const callers = Array.from({ length: 100 }, (_, caller) => caller % rows.length)
    const answers = await Promise.all(callers.map(async (row) => valuesOf(await predictor.predict(batchOf(signature, [rows[row] ?? {}])))))
    for (const [caller, row] of callers.entries()) assert.deepEqual(answers[caller], alone[row])
  })

  test(named('answers callers that come in the midst of others with their own'), async (context) => {
    const { predictor, signature } = await open(context)
    const alone = await Promise.all(rows.map(async (row) => valuesOf(await predictor.predict(batchOf(signature, [row])))))
    const answerAfter = async (turns: number, row: number): Promise<void> => {
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
      assert.deepEqual(valuesOf(await predictor.predict(batchOf(signature, [rows[row] ?? {}]))), alone[row], `row ${row} after ${turns} turns`)
    }
    for (let first = 0; first < 3; first += 1) {
      for (let second = 0; second < 3; second += 1) {
        for (let third = 0; third < 12; third += 1) {
          await Promise.all([0, first, first + second, first + second + third].map((turns, caller) => answerAfter(turns, caller % rows.length)))
        }
      }
    }
  })

  test(named('a model loaded twice goes on when the other one is closed'), async (context) => {
    const { folder, predictor, signature } = await open(context)
    const other = await load(folder, signature)
    const before = valuesOf(await predictor.predict(batchOf(signature, rows)))
    assert.deepEqual(valuesOf(await other.predict(batchOf(signature, rows))), before)
    await other.close()
    assert.deepEqual(valuesOf(await predictor.predict(batchOf(signature, rows))), before)
  })

  test(named('answers nothing once it is closed, and can be closed twice'), async (context) => {
    const { predictor, signature } = await open(context)
    await predictor.close()
    await predictor.close()
    await assert.rejects(predictor.predict(batchOf(signature, rows)))
  })

  test(named('a model that is missing, empty, cut or overwritten is unreadable'), async (context) => {
    const whole = await folderOf(context)
    for (const file of model.files) {
      const content = await readFile(join(whole, file))
      for (const damaged of [undefined, Buffer.alloc(0), content.subarray(0, content.length / 2), Buffer.alloc(content.length, '\xff')]) {
        const folder = await folderOf(context)
        if (damaged === undefined) await rm(join(folder, file))
        else await writeFile(join(folder, file), damaged)
        const loading = async (): Promise<void> => {
          const classes = await adapter.finish(folder, model.signature)
          const predictor = await load(folder, { ...model.signature, classes: [...classes] })
          await predictor.close()
        }
        await assert.rejects(loading(), { code: 'model-unreadable' }, `${file}, ${damaged === undefined ? 'missing' : `${damaged.length} of ${content.length} bytes`}`)
      }
    }
  })

  test(named('what is finished is left as it is by finishing it again and by loading it, so that a package can be read-only'), async (context) => {
    const folder = await folderOf(context)
    const contents = async (files: readonly string[]): Promise<readonly Buffer[]> => Promise.all(files.map((file) => readFile(join(folder, file))))
    const present = async (): Promise<readonly string[]> => (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map(({ parentPath, name }) => relative(folder, join(parentPath, name)))
    const classes = await adapter.finish(folder, model.signature)
    const finished = await present()
    const before = await contents(finished)
    await adapter.finish(folder, model.signature)
    const predictor = await load(folder, { ...model.signature, classes: [...classes] })
    await predictor.close()
    assert.deepEqual(await present(), finished)
    assert.deepEqual(await contents(finished), before)
  })
}

/** Rows as a batch: a column that a row does not have is missing in it. */
export function batchOf({ inputs }: Signature, rows: readonly Readonly<Record<string, FeatureValue>>[]): FeatureBatch {
  return { rows: rows.length, columns: Object.fromEntries(inputs.map(({ name }) => [name, rows.map((row) => row[name] ?? null)])) }
}

function valuesOf(predictions: Predictions): number[] {
  return [...(predictions.task === 'regression' ? predictions.values : predictions.probabilities)]
}

/** One answer a row: its number, or its likeliest label. */
function answersOf({ classes }: Signature, predictions: Predictions): (number | string | undefined)[] {
  const values = valuesOf(predictions)
  if (predictions.task === 'regression') return values
  return Array.from({ length: values.length / classes.length }, (_, row) => {
    const of = values.slice(row * classes.length, (row + 1) * classes.length)
    return classes[of.indexOf(Math.max(...of))]
  })
}

function assertNear(found: number | string | undefined, expected: number | string | undefined, tolerance: number, what: string): void {
  if (typeof found !== 'number' || typeof expected !== 'number') assert.equal(found, expected, what)
  else assert.ok(Math.abs(found - expected) <= tolerance * Math.abs(expected), `${what}: ${found} instead of ${expected}`)
}
