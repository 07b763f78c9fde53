import { readTestSet, type TestSet } from '../data/read-test-set.js'
import type { StoredModel } from '../define/stored-definition.js'
import { measureHoldout } from '../evaluation/holdout.js'
import { judge, type ChampionCase } from '../evaluation/judge.js'
import { inClasses, type Scored } from '../evaluation/scored.js'
import type { Verdict } from '../evaluation/verdict.js'
import { readManifest } from '../packages/read.js'
import type { PackageManifest } from '../packages/manifest.js'
import type { FeatureBatch, PredictorAdapter } from '../predictors/predictor.js'
import { openPackage } from '../predictors/open-package.js'
import { candidateUnservable, requireFinite, type ChampionFacts, type CheckInput, type CheckOutput } from './check-candidate.js'
import { eligibleRows } from './eligible-rows.js'

const BATCH_ROWS = 1000

/** Scores the test set with candidate and champion and judges. Runs in the check's child. */
export async function judgeCandidate(adapters: readonly PredictorAdapter[], input: CheckInput): Promise<CheckOutput> {
  const { definition, sets } = input
  const testSet = await readTestSet(sets.folder, definition.columns)
  const classes = definition.task === 'regression' ? [] : await classesOf(input, testSet)
  let candidate: Scored
  try {
    candidate = await score(adapters, input.candidateFolder, testSet, classes)
  } catch (error) {
    return candidateUnservable(error)
  }
  const champion = input.champion === undefined ? undefined : await championCase(adapters, definition, input.champion, testSet, classes)
  const verdict = judge({
    task: definition.task,
    rules: definition.check,
    replaceIfBetter: definition.replaceIfBetter,
    candidate,
    baseline: baselineOf(input, testSet, classes),
    champion,
    unitOfRow: testSet.units,
    unit: unitName(definition, testSet),
    split: definition.split.kind === 'time' ? 'time' : 'group',
    eligible: eligibleRows(definition, input.champion, testSet),
    slices: testSet.slices(definition.check.flatMap((rule) => (rule.kind === 'threshold' && rule.slice !== undefined ? [rule.slice.column] : []))),
    seed: input.seed,
  })
  const holdout = await scoreHoldout(adapters, input)
  return { verdict: { ...verdict, ...(holdout === undefined ? {} : { holdout }) } }
}

/** Labels in sorted order: those of the model and of the test set together, so that both are scored alike. */
async function classesOf(input: CheckInput, testSet: TestSet): Promise<readonly string[]> {
  const { signature } = await readManifest(input.candidateFolder)
  return [...new Set([...signature.classes, ...testSet.labels])].toSorted()
}

async function score(adapters: readonly PredictorAdapter[], folder: string, testSet: TestSet, classes: readonly string[]): Promise<Scored> {
  const manifest = await readManifest(folder)
  const predictor = await openPackage(adapters, folder, manifest)
  try {
    const width = manifest.signature.task === 'regression' ? 1 : manifest.signature.classes.length
    const answers = new Float64Array(testSet.rows * width)
    for (let from = 0; from < testSet.rows; from += BATCH_ROWS) {
      const batch = testSet.batch(manifest.signature.inputs, from, Math.min(testSet.rows, from + BATCH_ROWS))
      answers.set(await predictBatch(predictor.predict, batch), from * width)
    }
    return scoredOf(manifest, testSet, classes, answers)
  } finally {
    await predictor.close()
  }
}

async function predictBatch(
  predict: (batch: FeatureBatch) => Promise<{ task: 'regression'; values: Float64Array } | { task: 'classification'; probabilities: Float64Array }>,
  batch: FeatureBatch,
): Promise<Float64Array> {
  const predictions = await predict(batch)
  const values = predictions.task === 'regression' ? predictions.values : predictions.probabilities
  requireFinite(values)
  return values
}

function scoredOf({ signature }: PackageManifest, testSet: TestSet, classes: readonly string[], answers: Float64Array): Scored {
  if (signature.task === 'regression') return { task: 'regression', targets: testSet.targets, values: answers }
  return { task: 'classification', labels: labelsOf(testSet, classes), probabilities: inClasses(answers, signature.classes, classes), classes: classes.length }
}

function labelsOf(testSet: TestSet, classes: readonly string[]): Int32Array {
  return Int32Array.from(testSet.labels, (label) => classes.indexOf(label))
}

/** What the mean, or the shares of the classes, of the training rows would have predicted. */
function baselineOf({ sets }: CheckInput, testSet: TestSet, classes: readonly string[]): Scored {
  const { baseline } = sets
  if (baseline.kind === 'mean') return { task: 'regression', targets: testSet.targets, values: new Float64Array(testSet.rows).fill(baseline.value) }
  const shares = classes.map((label) => baseline.shares[label] ?? 0)
  const probabilities = Float64Array.from({ length: testSet.rows * classes.length }, (_, index) => shares[index % classes.length] ?? 0)
  return { task: 'classification', labels: labelsOf(testSet, classes), probabilities, classes: classes.length }
}

async function championCase(
  adapters: readonly PredictorAdapter[],
  definition: StoredModel,
  facts: ChampionFacts,
  testSet: TestSet,
  classes: readonly string[],
): Promise<ChampionCase> {
  const known = new Set(facts.drops)
  const fresh = (row: number): boolean => !known.has(testSet.drops[row] ?? '')
  const { version, reused } = facts
  const reason = whyIncomparable(definition, (await readManifest(facts.folder)).signature)
  if (reason !== undefined) return { version, scored: undefined, reason, fresh }
  try {
    return { version, scored: await score(adapters, facts.folder, testSet, classes), fresh, reused }
  } catch (error) {
    // Whatever breaks in it: a champion that cannot answer must not keep every later run from its end.
    return { version, scored: undefined, reason: error instanceof Error ? error.message : String(error), fresh }
  }
}

/** Why a model that served before cannot be judged by the definition's rows (EVIDENCE rule 13); undefined if it can. */
function whyIncomparable({ task, columns }: StoredModel, signature: PackageManifest['signature']): string | undefined {
  if (signature.task !== task) return `it is a ${signature.task} and the definition asks for a ${task}`
  if (columns[signature.target]?.role !== 'target') return `it predicts ${signature.target}, which is not the target any more`
  // Without a column that it was trained on it would be judged by less than it had.
  const gone = signature.inputs.filter((column) => columns[column.name]?.role !== 'feature').map((column) => column.name)
  return gone.length > 0 ? `it needs ${gone.join(', ')}, which the definition has no more` : undefined
}

/** Scores the rows that are held out. The champion only where it never saw them, and nobody's failure there is a verdict. */
async function scoreHoldout(adapters: readonly PredictorAdapter[], input: CheckInput): Promise<Verdict['holdout']> {
  const { definition, sets, champion } = input
  if (sets.holdout === undefined || sets.holdout.rows === 0) return undefined
  const rows = await readTestSet(sets.folder, definition.columns, 'holdout')
  const classes = definition.task === 'regression' ? [] : await classesOf(input, rows)
  try {
    const candidate = await score(adapters, input.candidateFolder, rows, classes)
    if (champion === undefined || (champion.holdout ?? 0) < sets.holdout.share) return measureHoldout(candidate, undefined)
    return measureHoldout(candidate, { version: champion.version, scored: await score(adapters, champion.folder, rows, classes) })
  } catch (error) {
    return { rows: rows.rows, candidate: {}, reason: error instanceof Error ? error.message : String(error) }
  }
}

function unitName(definition: StoredModel, testSet: TestSet): string {
  if (definition.split.kind === 'time') return testSet.units.some((unit) => !unit.endsWith('T00:00')) ? 'hour' : 'day'
  return Object.values(definition.columns).some(({ role }) => role === 'group') ? 'group' : 'row'
}
