import { join } from 'node:path'
import { Type, type Static } from 'typebox'
import type { Sets } from '../data/snapshot.js'
import { approvalWhen } from '../define/resolve-approval.js'
import type { OwnRule } from '../define/stored-definition.js'
import { withResults } from '../evaluation/complete.js'
import { isDeadlocked } from '../evaluation/deadlock.js'
import { asProxy } from '../evaluation/proxy.js'
import { Answer, Verdict } from '../evaluation/verdict.js'
import { fetchPackage } from '../packages/store.js'
import { getVersion } from '../registry/version.js'
import type { Candidate } from './candidate.js'
import { championFacts, formerFacts } from './champion-facts.js'
import { isRolledOut, noteStandard, Standard } from './standard.js'
import type { Attempt, Commit } from '../workflow/stage.js'
import { checkCandidate, type CustomBundle } from './check-candidate.js'
import { clientsRule } from './clients-rule.js'
import { attemptFolder, attemptLog } from './folders.js'
import type { Ingested } from './ingested.js'
import { refitsOnAll } from './refits-on-all.js'
import type { LifecycleRun, Rooms } from './run.js'
import { runOwnRules } from './run-own-rules.js'
import type { Seen } from './seen.js'
import { seenBefore, seenByVersion } from './seen-by.js'
import { ensureSets } from './split.js'
import { weightWarnings } from './weight-warning.js'

export const Checked = Type.Object({
  answer: Answer,
  summary: Type.String(),
  /** What follows: nothing, someone's approval, or the deployment. */
  next: Type.Union([Type.Literal('none'), Type.Literal('approval'), Type.Literal('deploy')]),
  comparedWith: Type.Optional(Type.Integer()),
  /** Whether what serves from now on keeps the thresholds, as far as that is known. */
  standard: Type.Optional(Standard),
  verdict: Verdict,
})
export type Checked = Static<typeof Checked>

/**
 * Decides whether the candidate may replace the champion: both are loaded by the predictor code that serves them, in
 * a child, and judged on the same test rows by the rules of evidence.
 */
export async function check(
  rooms: Rooms,
  run: LifecycleRun,
  data: Ingested,
  former: Sets,
  candidate: Candidate,
  attempt: Attempt,
): Promise<Commit<Checked>> {
  const folder = await attemptFolder(rooms.stateFolder, attempt)
  const sets = await ensureSets(rooms, run, data, former, attempt, folder)
  const candidateFolder = join(folder, 'candidate')
  await fetchPackage(rooms.objects, candidate.digest, candidateFolder)
  const champion = await championFacts(rooms, run, data, folder)
  const formers = champion === undefined ? [] : await formerFacts(rooms, run, data, folder)
  const ownRules = run.definition.check.filter((rule): rule is OwnRule => rule.kind === 'own')
  const rowsFolder = ownRules.length === 0 ? undefined : join(folder, 'rows')
  const judged = await checkCandidate(
    {
      definition: run.definition,
      sets,
      candidateFolder,
      candidate: await seenByOffered(rooms, run, data),
      metrics: await metricBundles(rooms, run, data),
      champion,
      formers,
      rowsFolder,
      seed: data.seed,
      memoryBytes: run.definition.limits.trainMemoryBytes,
      milliseconds: run.definition.limits.trainMilliseconds,
      projectFolder: rooms.projectFolder,
      token: attempt.token,
      workingFolder: folder,
      logFile: attemptLog(rooms.stateFolder, attempt.run, attempt.stage, attempt.number),
      entry: rooms.childEntries.check,
    },
    attempt.signal,
  )
  const results = judged.isServable && rowsFolder !== undefined ? await runOwnRules(rooms, run, data, { rules: ownRules, folder, rowsFolder, candidateFolder, champion, verdict: judged.verdict }, attempt) : []
  const kept = judged.isServable ? await clientsRule(rooms.database, run.model, run.definition, candidate.signature) : undefined
  const complete = withResults(judged.verdict, kept === undefined ? results : [...results, kept], champion !== undefined)
  const next = whatFollows(run, complete, champion !== undefined)
  const warned = { ...complete, warnings: [...complete.warnings, ...weightWarnings(run.definition, rooms.trainers.get(run.definition.train.kind))] }
  const verdict = next !== 'none' && refitsOnAll(run) ? asProxy(warned) : warned
  const checked: Checked = {
    answer: verdict.answer,
    summary: verdict.summary,
    next,
    ...(champion === undefined ? {} : { comparedWith: champion.version }),
    verdict,
  }
  return async (transaction) => {
    await transaction.updateTable('runs').set({ verdict: JSON.stringify(verdict) }).where('id', '=', run.id).execute()
    // A second training may fail, a rollout may be rolled back, and the champion stays then.
    const isOnItsWay = refitsOnAll(run) || isRolledOut(run, champion !== undefined)
    const standard = await noteStandard(transaction, rooms.clock.now(), run, verdict, next === 'deploy' && isOnItsWay ? 'none' : next)
    return { ...checked, ...(standard === undefined ? {} : { standard }) }
  }
}

async function metricBundles(rooms: Rooms, { definition }: LifecycleRun, data: Ingested): Promise<readonly CustomBundle[]> {
  const kept = Object.entries(data.metrics ?? {})
  return Promise.all(kept.map(async ([name, { object }]) => ({ name, path: definition.metrics?.[name]?.path ?? name, bundle: await rooms.objects.localPath(object) })))
}

/**
 * Where nothing is open but the comparison with a champion that cannot score the rows, someone is asked whatever
 * `approval` says: no later run could settle it (EVIDENCE rule 13). And where somebody has brought the candidate, who can
 * say what the figures cannot: whether it knew these rows, or what too few of them leave open.
 */
export function whatFollows({ definition, offer }: Pick<LifecycleRun, 'definition' | 'offer'>, verdict: Verdict, hasChampion: boolean): Checked['next'] {
  const approval = approvalWhen(definition.approval)
  if (offer?.kind === 'package') {
    const isFlattered = offer.origin.trainedOn.kind === 'unknown' && !hasChampion
    if (verdict.answer === 'inconclusive' || (verdict.answer === 'passed' && isFlattered)) return 'approval'
  }
  if (verdict.answer === 'passed') return approval === 'always' ? 'approval' : 'deploy'
  return verdict.answer === 'inconclusive' && (approval === 'when-inconclusive' || isDeadlocked(verdict)) ? 'approval' : 'none'
}

/** What an offered candidate has seen; undefined for one fresh from training, which has seen the sets alone. */
async function seenByOffered(rooms: Rooms, { model, definition, offer }: LifecycleRun, data: Ingested): Promise<Seen | undefined> {
  if (offer === undefined) return undefined
  const beside = { model, definition }
  if (offer.kind === 'package') return seenBefore(rooms, beside, offer.origin.trainedOn)
  return seenByVersion(rooms, beside, await getVersion(rooms.database, model, offer.version), data)
}
