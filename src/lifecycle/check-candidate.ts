import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Type, type Static } from 'typebox'
import { Sets } from '../data/snapshot.js'
import { StoredModel } from '../define/stored-definition.js'
import { refitError, RefitError } from '../errors.js'
import { primaryMetricOf } from '../evaluation/metric.js'
import { unservableVerdict } from '../evaluation/summary.js'
import { Verdict } from '../evaluation/verdict.js'
import { predictorEnvironment } from '../predictors/predictor-environment.js'
import { runChildJob } from '../processes/child-job.js'
import { lastWords } from '../processes/last-words.js'
import { Whose, whoseEnd } from './asking-note.js'
import { Seen } from './seen.js'

/** What the check must know of the champion. */
export const ChampionFacts = Type.Object({
  version: Type.Integer(),
  /** Of its package, verified. */
  folder: Type.String(),
  ...Seen.properties,
  /** How many verdicts have rested on its own test rows before. */
  reused: Type.Optional(Type.Integer()),
  /** Where it was trained on its own test rows since: the package that was checked for it, and what that has seen; without `folder` it is not to be had, for the reason. */
  proxy: Type.Optional(Type.Object({ seen: Seen, folder: Type.Optional(Type.String()), reason: Type.Optional(Type.String()) })),
})
export type ChampionFacts = Static<typeof ChampionFacts>

/** A champion before the present one; with `reason` it cannot be compared. */
export const FormerFacts = Type.Union([ChampionFacts, Type.Object({ version: Type.Integer(), reason: Type.String() })])
export type FormerFacts = Static<typeof FormerFacts>

/** A metric of the user's own, with the local path of its bundle. */
export const CustomBundle = Type.Object({ name: Type.String(), path: Type.String(), bundle: Type.String() })
export type CustomBundle = Static<typeof CustomBundle>

/** What the child that judges is given. */
export const CheckInput = Type.Object({
  definition: StoredModel,
  sets: Sets,
  candidateFolder: Type.String(),
  /** What a candidate has seen that was offered; one fresh from training has seen the sets alone. */
  candidate: Type.Optional(Seen),
  metrics: Type.Array(CustomBundle),
  champion: Type.Optional(ChampionFacts),
  /** The champions before it, the newest first. */
  formers: Type.Array(FormerFacts),
  /** Where the rows that are judged are to be left for rules of the user's own, if there are any. */
  rowsFolder: Type.Optional(Type.String()),
  /** Models but the candidate that have ended a child before, or held it up: they are not asked again. */
  lost: Type.Optional(Type.Array(Type.Object({ whose: Whose, reason: Type.String() }))),
  /** Whether no two models may be loaded at once, so that what happens is of one of them. */
  alone: Type.Optional(Type.Boolean()),
  /** Where the child notes which model it is asking. */
  noteFile: Type.Optional(Type.String()),
  seed: Type.Integer(),
})
export type CheckInput = Static<typeof CheckInput>

/** The child's answer: a verdict, or why the candidate cannot be served. */
export const CheckOutput = Type.Union([Type.Object({ verdict: Verdict }), Type.Object({ unservable: Type.String() })])
export type CheckOutput = Static<typeof CheckOutput>

export interface CheckRequest {
  readonly definition: StoredModel
  readonly sets: Sets
  readonly candidateFolder: string
  readonly candidate: Seen | undefined
  readonly metrics: readonly CustomBundle[]
  readonly champion: ChampionFacts | undefined
  readonly formers: readonly FormerFacts[]
  readonly rowsFolder: string | undefined
  readonly seed: number
  readonly memoryBytes: number
  readonly milliseconds: number
  readonly projectFolder: string
  readonly token: string
  readonly workingFolder: string
  readonly logFile: string
  /** The compiled child: it belongs to the composition root, which knows the predictors. */
  readonly entry: URL
}

/** What the child found; a candidate that cannot be served is judged by nothing else. */
export interface Judged {
  readonly verdict: Verdict
  readonly isServable: boolean
}

/** What lines of the child's log begin with that are not of a model. */
export const TOLD = 'check: '

/**
 * Judges the candidate in a child. A candidate that throws, hangs, dies or answers nonsense is a rejection with that
 * reason, not a failure of the run. Another version that does so is left out, with the reason, and the others are asked
 * again; where no model has ended the child, the run fails and tries again.
 * @throws RefitError `process-died`, `process-timeout`, `process-memory` when it was none of the models
 */
export async function checkCandidate(request: CheckRequest, signal: AbortSignal): Promise<Judged> {
  const { definition, seed, champion } = request
  const unservable = (reason: string): Judged => ({ verdict: unservableVerdict(primaryMetricOf(definition.task), seed, reason, champion !== undefined), isServable: false })
  const lost: Lost[] = []
  let alone = false
  for (;;) {
    const found = await judgeOnce(request, lost, alone, signal)
    if ('verdict' in found) return { verdict: found.verdict, isServable: true }
    if ('unservable' in found) return unservable(found.unservable)
    // With two models in one process the last straw may be of the other one; and what comes from outside comes once.
    if (!alone && !found.isTimeout) alone = true
    else if (found.whose === 'candidate') return unservable(found.reason)
    else lost.push({ whose: found.whose, reason: found.reason })
  }
}

interface Lost {
  readonly whose: Whose
  readonly reason: string
}

/** That the child has ended by the doing of a model. */
interface Ended {
  readonly whose: Whose
  readonly isTimeout: boolean
  readonly reason: string
}

async function judgeOnce(request: CheckRequest, lost: readonly Lost[], alone: boolean, signal: AbortSignal): Promise<CheckOutput | Ended> {
  const { definition, sets, candidateFolder, candidate, metrics, champion, formers, rowsFolder, seed, logFile } = request
  const noteFile = join(request.workingFolder, 'asking.json')
  const from = await stat(logFile).then(({ size }) => size, () => 0)
  await rm(noteFile, { force: true })
  try {
    return await runChildJob(
      {
        entry: request.entry,
        input: { definition, sets, candidateFolder, candidate, metrics: [...metrics], champion, formers: [...formers], rowsFolder, lost: [...lost], alone, noteFile, seed } satisfies { [K in keyof CheckInput]: CheckInput[K] | undefined },
        output: CheckOutput,
        token: request.token,
        limits: { milliseconds: request.milliseconds, memoryBytes: request.memoryBytes },
        workingFolder: request.workingFolder,
        environment: predictorEnvironment(request.projectFolder),
        logFile,
      },
      signal,
    )
  } catch (error) {
    if (!(error instanceof RefitError) || !isEnd(error)) throw error
    const isTimeout = error.code === 'process-timeout'
    const whose = await whoseEnd(noteFile, isTimeout, { milliseconds: request.milliseconds, at: Date.now() })
    if (whose === undefined || lost.some((each) => each.whose === whose)) throw error
    return { whose, isTimeout, reason: await reasonOf(error, request, from) }
  }
}

function isEnd({ code }: RefitError): boolean {
  return code === 'process-timeout' || code === 'process-memory' || code === 'process-died'
}

/** What happened when a model was asked, for whoever owns it. */
async function reasonOf({ code, message }: RefitError, { milliseconds, memoryBytes, logFile }: CheckRequest, from: number): Promise<string> {
  switch (code) {
    case 'process-timeout':
      return `it had not answered for all rows within ${milliseconds / 1000} s`
    case 'process-memory':
      return `it took more than ${Math.round(memoryBytes / 1_000_000).toLocaleString('en-US')} MB of memory`
    default:
      return `it ended the process that asked it (${message.replace(/\.$/, '')}): ${await lastWords(logFile, { from, ours: new RegExp(`^${TOLD}`) })}`
  }
}

/** Thrown in the child when it is the candidate that cannot be served. */
export function candidateUnservable(error: unknown): { readonly unservable: string } {
  if (error instanceof RefitError) return { unservable: error.message }
  return { unservable: error instanceof Error ? `${error.name}: ${error.message}` : String(error) }
}

/**
 * `values` has `width` numbers for each row, from row `from` of the set on.
 * @throws RefitError `prediction-invalid` for anything that is not finite
 */
export function requireFinite(values: Float64Array, width: number, from: number): void {
  const wrong = values.findIndex((value) => !Number.isFinite(value))
  if (wrong !== -1) throw refitError('prediction-invalid', { reason: `${values[wrong] ?? 'nothing'} for test row ${from + Math.floor(wrong / width) + 1}` })
}
