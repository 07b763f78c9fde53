import { readTestSet, type TestSet } from '../data/read-test-set.js'
import { openTestRows } from '../data/test-rows.js'
import type { StoredModel } from '../define/stored-definition.js'
import type { StandIn } from '../evaluation/against-champion.js'
import { measureHoldout } from '../evaluation/holdout.js'
import { judge, type ChampionCase } from '../evaluation/judge.js'
import { everyRowWarning } from '../evaluation/proxy.js'
import { inClasses, type Scored } from '../evaluation/scored.js'
import { inOrderOfTime, rowsWhere } from '../evaluation/units.js'
import type { Verdict } from '../evaluation/verdict.js'
import type { Signature } from '../packages/manifest.js'
import { readManifest } from '../packages/read.js'
import type { PredictorAdapter } from '../predictors/predictor.js'
import { noteAsking, type Whose } from './asking-note.js'
import { candidateUnservable, type ChampionFacts, type CheckInput, type CheckOutput, type FormerFacts } from './check-candidate.js'
import { leaveJudgedRows } from './judged-rows.js'
import { judgeServing } from './judge-serving.js'
import { customWarnings, measureRows } from './measure-rows.js'
import { eligibleForBoth, freshFor, isFlattered } from './rows-for.js'
import { scoreRows, type Answered, type Answers, type Asked, type Scoring } from './score-rows.js'

/** How the child goes about it. */
export interface Judging {
  /** It changes nothing but the time. */
  readonly threads: number
  /** Is told of each step, and how long it took. */
  readonly tell: (words: string) => void
}

/** Scores the test set with candidate and champion and judges. Runs in the check's child. */
export async function judgeCandidate(adapters: readonly PredictorAdapter[], input: CheckInput, { threads, tell }: Judging): Promise<CheckOutput> {
  const { definition, sets } = input
  const steps = timedSteps(tell)
  const source = await openTestRows(sets.folder)
  const testSet = await readTestSet(source, definition.columns, slicedColumns(definition))
  steps(`read ${testSet.rows} test rows`)
  const scoring: Scoring = { asking: noteAsking(input.noteFile), alone: input.alone }
  const others = await Promise.all([...(input.champion === undefined ? [] : [input.champion]), ...input.formers].map((facts) => otherOf(input, facts)))
  const asked = others.filter(({ folder }) => folder !== undefined)
  const models = asked.flatMap(({ version, folder }): Asked[] => (folder === undefined ? [] : [{ whose: version, folder }]))
  const proxy = proxyOf(input, others)
  const [candidate, ...answers] = await scoreRows(adapters, [candidateOf(input), ...models, ...(proxy === undefined ? [] : [proxy])], source, scoring)
  if (candidate === undefined) throw new Error('the candidate was not scored')
  if (candidate.kind === 'broken') return candidateUnservable(candidate.error)
  steps(`scored them with ${answers.length + 1} models`)
  const classes = classesOf(candidate.signature, testSet)
  const found = others.map((other) => ({ ...other, ...scoredOrWhy(other, answers[asked.indexOf(other)], testSet, classes) }))
  const checked = scoredOrWhy({ reason: whyLost(input, 'checked') ?? input.champion?.proxy?.reason }, proxy === undefined ? undefined : answers[asked.length], testSet, classes)
  const [scored, baseline, ...measured] = await measureRows(input.metrics, source, { columns: definition.columns, classes, weights: testSet.weights }, [
    scoredOf(candidate, testSet, classes),
    baselineOf(input, testSet, classes),
    ...found.map((other) => other.scored),
    checked.scored,
  ])
  if (scored === undefined || baseline === undefined) throw new Error('the candidate was not measured')
  const answered = found.map((other, index) => ({ ...other, scored: measured[index] }))
  const [champion, ...formers] = input.champion === undefined ? [undefined, ...answered] : answered
  const eligible = await eligibleForBoth(input, input.champion, testSet)
  const verdict = judge(
    {
      task: definition.task,
      rules: definition.check,
      replaceIfBetter: definition.replaceIfBetter,
      candidate: scored,
      baseline,
      champion: input.champion === undefined || champion === undefined ? undefined : { ...champion, ...(await rowsBeside(input, input.champion, testSet, { ...checked, scored: measured[found.length] })), reused: input.champion.reused },
      formers: await Promise.all(formers.flatMap((former) => (former === undefined ? [] : [former])).map(async (former) => ({ ...former, eligible: await eligibleForBoth(input, former.facts, testSet) }))),
      elsewhere: await judgeServing(adapters, input, champion?.scored === undefined ? undefined : input.champion, source, scoring.asking, tell),
      unitOfRow: definition.split.kind === 'time' ? inOrderOfTime(testSet.units, testSet.times) : testSet.units,
      unit: unitName(definition, testSet),
      split: definition.split.kind === 'time' ? 'time' : 'group',
      eligible,
      slices: testSet.slices,
      seed: input.seed,
      weights: testSet.weights,
    },
    threads,
  )
  steps('judged')
  source.close()
  if (input.rowsFolder !== undefined) await leaveJudgedRows(sets.folder, input.rowsFolder, rowsWhere(testSet.rows, eligible), classes, { candidate: scored, champion: champion?.scored })
  const holdout = await scoreHoldout(adapters, input, scoring)
  const undefinedMetrics = customWarnings([{ whose: 'the candidate', scored }, ...answered.map((other) => ({ whose: `version ${other.version}`, scored: other.scored }))])
  const warnings = [...(isFlattered(input) ? [FLATTERED] : []), ...(input.champion?.everyRow === true ? [everyRowWarning(input.champion.version)] : []), ...verdict.warnings, ...undefinedMetrics]
  return { verdict: { ...verdict, warnings, ...(holdout === undefined ? {} : { holdout }) } }
}

const FLATTERED = 'Nobody has said what the candidate was trained on. It may have seen all of these rows, and the figures then flatter it.'

function timedSteps(tell: Judging['tell']): (step: string) => void {
  let since = performance.now()
  return (step) => {
    const now = performance.now()
    tell(`${step} in ${((now - since) / 1000).toFixed(2)} s`)
    since = now
  }
}

/** Labels in sorted order: those of the model and of the test set together, so that both are scored alike. */
function classesOf(signature: Signature, testSet: TestSet): readonly string[] {
  return signature.task === 'regression' ? [] : [...new Set([...signature.classes, ...testSet.labels.values])].toSorted()
}

function scoredOf({ signature, values }: Answered, testSet: TestSet, classes: readonly string[]): Scored {
  if (signature.task === 'regression') return { task: 'regression', targets: testSet.targets, values }
  return { task: 'classification', labels: labelsOf(testSet, classes), probabilities: inClasses(values, signature.classes, classes), classes: classes.length }
}

function labelsOf({ labels }: TestSet, classes: readonly string[]): Int32Array {
  const classOf = labels.values.map((label) => classes.indexOf(label))
  return labels.codes.map((code) => classOf[code] ?? -1)
}

/** What the mean, or the shares of the classes, of the training rows would have predicted. */
function baselineOf({ sets }: CheckInput, testSet: TestSet, classes: readonly string[]): Scored {
  const { baseline } = sets
  if (baseline.kind === 'mean') return { task: 'regression', targets: testSet.targets, values: new Float64Array(testSet.rows).fill(baseline.value) }
  const shares = classes.map((label) => baseline.shares[label] ?? 0)
  const probabilities = new Float64Array(testSet.rows * classes.length)
  for (let at = 0; at < probabilities.length; at += classes.length) probabilities.set(shares, at)
  return { task: 'classification', labels: labelsOf(testSet, classes), probabilities, classes: classes.length }
}

/** A model that serves or has served. Without `folder` it is not to be asked, for the reason. */
interface Other {
  readonly version: number
  readonly folder?: string
  readonly facts?: ChampionFacts
  readonly reason?: string | undefined
}

/** The package that was checked for the champion; it is asked where the champion is. */
function proxyOf(input: CheckInput, [other]: readonly Other[]): Asked | undefined {
  const folder = input.champion?.proxy?.folder
  return folder === undefined || other?.folder === undefined || whyLost(input, 'checked') !== undefined ? undefined : { whose: 'checked', folder }
}

/** Which rows are new beside the champion; and which are its own, where the package that was checked for it stands in. */
async function rowsBeside(input: CheckInput, champion: ChampionFacts, testSet: TestSet, proxy: Pick<StandIn, 'scored' | 'reason'>): Promise<Pick<ChampionCase, 'fresh' | 'proxy'>> {
  const fresh = await freshFor(input, champion, testSet)
  if (champion.proxy === undefined) return { fresh }
  const eligible = await eligibleForBoth(input, champion.proxy.seen, testSet)
  return { fresh, proxy: { ...proxy, own: (row) => eligible(row) && !fresh(row) } }
}

function candidateOf({ candidateFolder }: CheckInput): Asked {
  return { whose: 'candidate', folder: candidateFolder }
}

/** Why a model is not asked again. */
function whyLost({ lost = [] }: CheckInput, whose: Whose): string | undefined {
  return lost.find((each) => each.whose === whose)?.reason
}

async function otherOf(input: CheckInput, facts: FormerFacts): Promise<Other> {
  if ('reason' in facts) return facts
  const { version, folder } = facts
  const reason = whyLost(input, version) ?? whyIncomparable(input.definition, (await readManifest(folder)).signature)
  return reason === undefined ? { version, folder, facts } : { version, facts, reason }
}

function scoredOrWhy({ reason }: Pick<Other, 'reason'>, answers: Answers | undefined, testSet: TestSet, classes: readonly string[]): { readonly scored: Scored | undefined; readonly reason?: string | undefined } {
  if (answers === undefined) return { scored: undefined, reason }
  // Whatever breaks in it: a model that cannot answer must not keep every later run from its end.
  if (answers.kind === 'broken') return { scored: undefined, reason: answers.error instanceof Error ? answers.error.message : String(answers.error) }
  return { scored: scoredOf(answers, testSet, classes) }
}

/** The columns whose values rules tell apart, each once. */
function slicedColumns({ check }: StoredModel): readonly string[] {
  return [...new Set(check.flatMap((rule) => (rule.kind === 'between' ? [rule.column] : rule.kind === 'threshold' && rule.slice !== undefined ? [rule.slice.column] : [])))]
}

/** Why a model that served before cannot be judged by the definition's rows (EVIDENCE rule 13); undefined if it can. */
function whyIncomparable({ task, columns }: StoredModel, signature: Signature): string | undefined {
  if (signature.task !== task) return `it is a ${signature.task} and the definition asks for a ${task}`
  if (columns[signature.target]?.role !== 'target') return `it predicts ${signature.target}, which is not the target any more`
  // Without a column that it was trained on it would be judged by less than it had.
  const gone = signature.inputs.filter((column) => columns[column.name]?.role !== 'feature').map((column) => column.name)
  return gone.length > 0 ? `it needs ${gone.join(', ')}, which the definition no longer has` : undefined
}

/** Scores the rows that are held out. The champion only where it never saw them, and nobody's failure there is a verdict. */
async function scoreHoldout(adapters: readonly PredictorAdapter[], input: CheckInput, scoring: Scoring): Promise<Verdict['holdout']> {
  const { definition, sets, champion } = input
  if (sets.holdout === undefined || sets.holdout.rows === 0) return undefined
  const source = await openTestRows(sets.folder, 'holdout')
  const rows = await readTestSet(source, definition.columns)
  const isShown = champion !== undefined && (champion.holdout ?? 0) >= sets.holdout.share && whyLost(input, champion.version) === undefined
  const answers = await scoreRows(adapters, [candidateOf(input), ...(isShown ? [{ whose: champion.version, folder: champion.folder }] : [])], source, scoring)
  const broken = answers.find((each) => each.kind === 'broken')
  if (broken !== undefined) return { rows: rows.rows, candidate: {}, reason: broken.error instanceof Error ? broken.error.message : String(broken.error) }
  const [candidate, other] = answers.flatMap((each) => (each.kind === 'answered' ? [each] : []))
  if (candidate === undefined) throw new Error('the candidate was not scored')
  const classes = classesOf(candidate.signature, rows)
  const [scored, scoredOther] = await measureRows(input.metrics, source, { columns: definition.columns, classes, weights: rows.weights }, [candidate, ...(other === undefined ? [] : [other])].map((each) => scoredOf(each, rows, classes)))
  source.close()
  if (scored === undefined) throw new Error('the candidate was not measured')
  return measureHoldout(scored, champion === undefined || scoredOther === undefined ? undefined : { version: champion.version, scored: scoredOther }, rows.weights)
}

function unitName(definition: StoredModel, testSet: TestSet): string {
  if (definition.split.kind === 'time') return testSet.daily ? 'day' : 'hour'
  return Object.values(definition.columns).some(({ role }) => role === 'group') ? 'group' : 'row'
}
