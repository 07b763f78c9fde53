import { buildSnapshot } from '../data/build-snapshot.js'
import type { DropReading } from '../data/snapshot.js'
import type { Database, Transaction } from '../database/schema.js'
import type { Drop } from '../drops/drop.js'
import { judgeBeside, type Judgements } from '../drops/judge.js'
import { acceptedDrops } from '../drops/profiles.js'
import { discardedCopies, ingestedDrops, waitingDrops } from '../drops/queries.js'
import { decideDrops, decideInTurns, historyAfter, settleDrops } from '../drops/settle.js'
import { saveSnapshot } from '../drops/snapshots.js'
import { lockModel } from '../registry/models.js'
import { requestRunIn } from '../runs/requests.js'
import type { Attempt, Commit } from '../workflow/stage.js'
import { agreeOnContract, keepInferred } from './agree-contract.js'
import { readCodeState } from './code-state.js'
import { attemptFolder } from './folders.js'
import { summarise, type Ingested } from './ingested.js'
import { keepModules } from './keep-modules.js'
import { keepRules } from './keep-rules.js'
import { outdatedDrops, renewParts } from './read-again.js'
import { readAll } from './read-waiting.js'
import { underContract, type LifecycleRun, type Rooms } from './run.js'

/**
 * Takes every drop recorded by now, accepts or quarantines it whole by the contract, and fixes the snapshot that
 * this run trains and tests on.
 */
export async function ingest(rooms: Rooms, given: LifecycleRun, attempt: Attempt): Promise<Commit<Ingested>> {
  const { database, clock } = rooms
  const taken = await waitingDrops(database, given.model)
  const folder = await attemptFolder(rooms.stateFolder, attempt)
  const agreed = await agreeOnContract(rooms, given, taken, attempt)
  const run = underContract(given, agreed.columns)
  const outdated = await outdatedDrops(database, await ingestedDrops(database, run.model), run.definition.columns)
  const [readings, code, modules, rules] = await Promise.all([readAll(rooms, run, [...taken, ...outdated], attempt, folder), readCodeState(rooms.projectFolder), keepModules(rooms, run, folder), keepRules(rooms, run, folder)])
  const judgements = await judgeAhead(database, run, taken, outdated, readings)
  return async (transaction) => {
    // Someone may have decided about drops since they were read. From here on nobody can until this is committed.
    await lockModel(transaction, run.model)
    const waiting = [...(await waitingDrops(transaction, run.model)), ...(await discardedCopies(transaction, run.model))]
    const former = await renewParts(transaction, clock.now(), run.id, await ingestedDrops(transaction, run.model), outdated, readings, run.definition.columns)
    const { delivery } = run.definition
    const judge = judgeBeside(await acceptedDrops(transaction, run.model, delivery?.kind), run.definition, judgements)
    const decisions = decideDrops(waiting, former, stillValid(readings, taken, waiting), delivery?.kind, judge)
    const parts = historyAfter(former, decisions)
    const snapshot = parts.length === 0 ? undefined : buildSnapshot(parts, run.definition.columns, run.definition.window, run.definition.delivery)
    const columns = given.definition.columns === agreed.columns ? {} : { columns: { ...agreed.columns } }
    const summary = { ...columns, ...(await summarise({ database: transaction, refitVersion: rooms.refitVersion }, run, given.definition, snapshot, decisions, [...former, ...waiting], code, { ...modules, ...(rules === undefined ? {} : { rules }) })) }
    await settleDrops(transaction, clock, run.id, decisions)
    await keepInferred(transaction, clock.now(), given, agreed, new Set(summary.drops.ingested.map(({ id }) => id)))
    if (given.offer !== undefined) await requestTraining(rooms, run, summary, transaction)
    if (snapshot !== undefined) await saveSnapshot(transaction, clock.now(), run.model, snapshot)
    await transaction
      .updateTable('runs')
      .set({ snapshot: snapshot?.digest ?? null, fingerprint: summary.fingerprint })
      .where('id', '=', run.id)
      .execute()
    return summary
  }
}

/** A run that does not train takes drops that have arrived all the same: one that does has to follow for them. */
async function requestTraining({ clock }: Rooms, { model, definition }: LifecycleRun, { drops }: Ingested, transaction: Transaction): Promise<void> {
  const [first] = drops.ingested
  if (first === undefined || !definition.triggers.some(({ kind }) => kind === 'arrival')) return
  await requestRunIn(transaction, clock, { model, cause: { trigger: 'arrival', actor: 'arrival', detail: first.key } })
}

/**
 * Compares the drops with the accepted ones before anybody is kept waiting for the lock, and with pauses, for a backlog
 * takes many seconds. When the stage commits, only what has changed since is compared anew.
 */
async function judgeAhead(database: Database, { model, definition }: LifecycleRun, taken: readonly Drop[], outdated: readonly Drop[], readings: ReadonlyMap<string, DropReading>): Promise<Judgements> {
  const judgements: Judgements = new Map()
  const renewed = new Set(outdated.map(({ id }) => id))
  const known = (await acceptedDrops(database, model, definition.delivery?.kind)).map((drop) => {
    const reading = renewed.has(drop.id) ? readings.get(drop.id) : undefined
    return reading?.accepted === true && reading.profile !== undefined ? { ...drop, profile: reading.profile } : drop
  })
  await decideInTurns([...taken, ...(await discardedCopies(database, model))], await ingestedDrops(database, model), readings, definition.delivery?.kind, judgeBeside(known, definition, judgements))
  return judgements
}

/** The readings of drops about which nobody has decided since they were taken: a release may change what is read. */
function stillValid(readings: ReadonlyMap<string, DropReading>, taken: readonly Drop[], waiting: readonly Drop[]): ReadonlyMap<string, DropReading> {
  const since = new Map(waiting.map(({ id, changedAt }) => [id, changedAt.getTime()]))
  const unchanged = new Set(taken.filter(({ id, changedAt }) => since.get(id) === changedAt.getTime()).map(({ id }) => id))
  return new Map([...readings].filter(([id]) => unchanged.has(id)))
}
