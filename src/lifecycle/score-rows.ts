import { readFeatures, type InputColumn } from '../data/read-test-set.js'
import type { TestRows } from '../data/test-rows.js'
import { refitError } from '../errors.js'
import type { PackageManifest, Signature } from '../packages/manifest.js'
import { readManifest } from '../packages/read.js'
import { openPackage } from '../predictors/open-package.js'
import type { FeatureBatch, FeatureValue, Predictor, PredictorAdapter } from '../predictors/predictor.js'
import type { Asking, Whose } from './asking-note.js'
import { requireFinite } from './check-candidate.js'

/** What a package answers to all rows of a set: 8 bytes a row, and class. Or what broke in it. */
export type Answers = Answered | Broken

export interface Answered {
  readonly kind: 'answered'
  readonly signature: Signature
  readonly values: Float64Array
}

interface Broken {
  readonly kind: 'broken'
  readonly error: unknown
}

/** How many packages are loaded at once, so that the rows are read once for them. */
const AT_ONCE = 2

/** A model that is to be asked: its package. */
export interface Asked {
  readonly whose: Whose
  readonly folder: string
}

/** How they are asked. */
export interface Scoring {
  readonly asking: Asking
  /** Whether no two packages may be loaded at once. */
  readonly alone?: boolean | undefined
}

/**
 * Scores the rows of a set with the packages of some models, by the code that serves them. The rows pass by in chunks;
 * a package that cannot be loaded or answers nonsense breaks alone.
 */
export async function scoreRows(adapters: readonly PredictorAdapter[], models: readonly Asked[], rows: TestRows, { asking, alone = false }: Scoring): Promise<readonly Answers[]> {
  const answers: Answers[] = []
  const atOnce = alone ? 1 : AT_ONCE
  for (let from = 0; from < models.length; from += atOnce) answers.push(...(await scoreTogether(adapters, models.slice(from, from + atOnce), rows, asking)))
  return answers
}

/** A package that has been opened. */
interface Opened {
  readonly kind: 'opened'
  readonly whose: Whose
  readonly manifest: PackageManifest
  readonly predictor: Predictor
  readonly values: Float64Array
}

async function scoreTogether(adapters: readonly PredictorAdapter[], models: readonly Asked[], source: TestRows, asking: Asking): Promise<readonly Answers[]> {
  const asked: (Opened | Broken)[] = []
  for (const model of models) asked.push(await attempt(() => asking.during(model.whose, () => open(adapters, model, source))))
  const inputs = inputsOf(asked)
  try {
    await readFeatures(source, inputs, async (columns, rows, from) => {
      for (const [index, each] of asked.entries()) {
        if (each.kind === 'broken') continue
        const given = each.manifest.signature.inputs.map((input): [string, readonly FeatureValue[]] => [input.name, columns[inputs.findIndex((other) => isSame(input, other))] ?? []])
        const broken = await attempt(() => asking.during(each.whose, () => ask(each, { rows, columns: Object.fromEntries(given) }, from)))
        if (broken !== undefined) asked[index] = broken
      }
    })
  } finally {
    for (const each of asked) if (each.kind === 'opened') await asking.during(each.whose, () => each.predictor.close())
  }
  return asked.map((each) => (each.kind === 'broken' ? each : { kind: 'answered', signature: each.manifest.signature, values: each.values }))
}

/** @throws RefitError `model-unreadable` when it cannot be loaded, or takes a column that the rows do not have */
async function open(adapters: readonly PredictorAdapter[], { whose, folder }: Asked, { rows, columns }: TestRows): Promise<Opened> {
  const manifest = await readManifest(folder)
  const { inputs } = manifest.signature
  const missing = inputs.filter(({ name }) => !columns.includes(name)).map(({ name }) => name)
  if (missing.length > 0) throw refitError('model-unreadable', { reason: `it needs ${missing.join(', ')}, which the rows do not have` })
  return { kind: 'opened', whose, manifest, predictor: await openPackage(adapters, folder, manifest), values: new Float64Array(rows * widthOf(manifest.signature)) }
}

function widthOf({ task, classes }: Signature): number {
  return task === 'regression' ? 1 : classes.length
}

async function ask({ manifest, predictor, values }: Opened, batch: FeatureBatch, from: number): Promise<undefined> {
  const predictions = await predictor.predict(batch)
  const found = predictions.task === 'regression' ? predictions.values : predictions.probabilities
  const width = widthOf(manifest.signature)
  requireFinite(found, width, from)
  values.set(found, from * width)
}

async function attempt<T>(work: () => Promise<T>): Promise<T | Broken> {
  try {
    return await work()
  } catch (error) {
    return { kind: 'broken', error }
  }
}

/** What the packages take, once each: two may take one column as different types. */
function inputsOf(asked: readonly (Opened | Broken)[]): readonly InputColumn[] {
  const inputs = asked.flatMap((each) => (each.kind === 'broken' ? [] : each.manifest.signature.inputs))
  return inputs.filter((input, index) => inputs.findIndex((other) => isSame(input, other)) === index)
}

function isSame(one: InputColumn, other: InputColumn): boolean {
  return one.name === other.name && one.type === other.type
}
