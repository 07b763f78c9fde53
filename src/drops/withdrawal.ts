import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Clock } from '../clock.js'
import type { Database, Transaction } from '../database/schema.js'
import { getChampion, moveChampion } from '../registry/champion.js'
import { newestUntainted, versionsMadeFrom } from '../registry/withdrawn-data.js'
import { requestRunIn } from '../runs/requests.js'

/** What was made from drops that are withdrawn, and what a repair does about it. */
export interface Withdrawal {
  /** The versions that were made from one of them, the newest first. */
  readonly versions: readonly number[]
  /** Which of these serves. */
  readonly champion: number | undefined
  /** The run under way whose snapshot holds one of them. */
  readonly activeRun: string | undefined
  readonly repair: Repair
}

export interface Repair {
  /** False: this is what it would do. */
  readonly isDone: boolean
  /** The version that serves then; undefined: the champion stays, for it saw none of them or there is none to go back to. */
  readonly rollBackTo: number | undefined
  /** The run under way that is ended. */
  readonly cancels: string | undefined
  /** Whether a run is needed: the champion or the newest snapshot saw one of them. */
  readonly needsRun: boolean
  /** The run that was asked for. */
  readonly run: string | undefined
}

/** What was made from these drops, by now; they are withdrawn already in this transaction. */
export async function seenBy(database: Database, model: string, drops: readonly string[]): Promise<Withdrawal> {
  const versions = await versionsMadeFrom(database, model, drops)
  const serving = (await getChampion(database, model))?.version
  const champion = serving !== undefined && versions.includes(serving) ? serving : undefined
  const newest = await newestSnapshotWith(database, model, drops)
  const activeRun = newest?.state === 'active' ? newest.id : undefined
  return {
    versions,
    champion,
    activeRun,
    repair: {
      isDone: false,
      rollBackTo: champion === undefined ? undefined : await newestUntainted(database, model),
      cancels: activeRun,
      needsRun: champion !== undefined || newest !== undefined,
      run: undefined,
    },
  }
}

/** What an ingest leaves, as far as it names its drops. */
const Taken = Type.Object({ history: Type.Array(Type.Object({ id: Type.String() })) })

/** The newest run that has taken its drops, if it took one of these. */
async function newestSnapshotWith(database: Database, model: string, drops: readonly string[]): Promise<{ readonly id: string; readonly state: string } | undefined> {
  const newest = await database
    .selectFrom('runs')
    .select(['id', 'state'])
    .where('model', '=', model)
    .where('snapshot', 'is not', null)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (newest === undefined) return undefined
  const stage = await database.selectFrom('stages').select('result').where('run', '=', newest.id).where('name', '=', 'ingest').executeTakeFirst()
  const { history } = Value.Parse(Taken, stage?.result ?? { history: [] })
  return history.some(({ id }) => drops.includes(id)) ? newest : undefined
}

/** Puts a version into service that saw none of the drops, and asks for a run without them. A repeated repair changes nothing. */
export async function repair(
  transaction: Transaction,
  clock: Clock,
  model: string,
  seen: Withdrawal,
  { drops, actor, reason }: { readonly drops: readonly string[]; readonly actor: string; readonly reason: string },
): Promise<Withdrawal> {
  const { rollBackTo, needsRun } = seen.repair
  const detail = `${drops.join(', ')} withdrawn: ${reason}`
  if (rollBackTo !== undefined) await moveChampion(transaction, clock.now(), { model, version: rollBackTo, cause: 'rollback', actor, reason: detail })
  const requested = needsRun ? await requestRunIn(transaction, clock, { model, cause: { trigger: 'withdrawal', actor, detail } }) : undefined
  return { ...seen, repair: { ...seen.repair, isDone: true, run: requested?.run.id } }
}
