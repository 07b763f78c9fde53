import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Type, type Static } from 'typebox'
import { readDrops } from '../data/read-drops.js'
import { buildSnapshot } from '../data/build-snapshot.js'
import type { DropReading, Snapshot } from '../data/snapshot.js'
import type { Drop } from '../drops/drop.js'
import { ingestedDrops, waitingDrops } from '../drops/queries.js'
import { decideDrops, historyAfter, settleDrops, type DropDecision } from '../drops/settle.js'
import { saveSnapshot } from '../drops/snapshots.js'
import { PREPARE_FILE } from '../packages/manifest.js'
import { bundlePrepare } from '../prepare/bundle-prepare.js'
import { StoredColumn } from '../define/stored-definition.js'
import type { Attempt, Commit } from '../workflow/stage.js'
import { readCodeState, type CodeState } from './code-state.js'
import { fingerprintOf, sameAsLastVerdict, type FingerprintParts } from './fingerprint.js'
import { attemptFolder, attemptLog } from './folders.js'
import { agreeOnContract, keepInferred } from './agree-contract.js'
import { seedOf, underContract, type LifecycleRun, type Rooms } from './run.js'
import { getChampion } from '../registry/champion.js'
import { lockModel } from '../registry/models.js'

const DropSummary = Type.Object({ id: Type.String(), key: Type.String(), rows: Type.Optional(Type.Integer()), why: Type.Optional(Type.String()) })

export const Ingested = Type.Object({
  /** The columns of the contract in force, where they are not those of the definition alone. */
  columns: Type.Optional(Type.Record(Type.String(), StoredColumn)),
  /** Digest of the snapshot; empty while there is no accepted drop at all. */
  snapshot: Type.String(),
  /** Of its parts; with upsert they are merged when the sets are cut. */
  rows: Type.Integer(),
  isMerged: Type.Optional(Type.Boolean()),
  /** What became of the drops that waited. */
  drops: Type.Object({
    ingested: Type.Array(DropSummary),
    quarantined: Type.Array(DropSummary),
    discarded: Type.Array(DropSummary),
    superseded: Type.Array(DropSummary),
  }),
  /** The drops that the snapshot consists of. */
  history: Type.Array(Type.Object({ id: Type.String(), key: Type.String(), sha256: Type.String(), object: Type.Optional(Type.String()), objectVersion: Type.Optional(Type.String()) })),
  fingerprint: Type.String(),
  seed: Type.Integer(),
  code: Type.Object({ hash: Type.String(), commit: Type.Optional(Type.String()), lockFileHash: Type.Optional(Type.String()) }),
  environment: Type.Object({ refit: Type.String(), node: Type.String(), platform: Type.String() }),
  /** The bundle of the `prepare` module, as an object: a run has one from here on, whatever becomes of the file. */
  prepare: Type.Optional(Type.Object({ object: Type.String(), sha256: Type.String() })),
  /** Set when the run ends here: why. */
  nothingNew: Type.Optional(Type.String()),
})
export type Ingested = Static<typeof Ingested>

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
  const [readings, code, prepare] = await Promise.all([readWaiting(rooms, run, taken, attempt, folder), readCodeState(rooms.projectFolder), keepPrepare(rooms, run, folder)])
  return async (transaction) => {
    // Someone may have decided about drops since they were read. From here on nobody can until this is committed.
    await lockModel(transaction, run.model)
    const waiting = await waitingDrops(transaction, run.model)
    const former = await ingestedDrops(transaction, run.model)
    const decisions = decideDrops(waiting, former, stillValid(readings, taken, waiting), run.definition.delivery?.kind)
    const parts = historyAfter(former, decisions)
    const snapshot = parts.length === 0 ? undefined : buildSnapshot(parts, run.definition.columns, run.definition.window, run.definition.delivery)
    const columns = given.definition.columns === agreed.columns ? {} : { columns: { ...agreed.columns } }
    const summary = { ...columns, ...(await summarise({ database: transaction, refitVersion: rooms.refitVersion }, run, snapshot, decisions, [...former, ...waiting], code, prepare)) }
    await settleDrops(transaction, clock, run.id, decisions)
    await keepInferred(transaction, clock.now(), given, agreed, new Set(summary.drops.ingested.map(({ id }) => id)))
    if (snapshot !== undefined) await saveSnapshot(transaction, clock.now(), run.model, snapshot)
    await transaction
      .updateTable('runs')
      .set({ snapshot: snapshot?.digest ?? null, fingerprint: summary.fingerprint })
      .where('id', '=', run.id)
      .execute()
    return summary
  }
}

/** Bundles the `prepare` module and keeps it; undefined where the model has none. */
async function keepPrepare(rooms: Rooms, { definition }: LifecycleRun, folder: string): Promise<Ingested['prepare']> {
  if (definition.prepare === undefined) return undefined
  const bundle = join(folder, PREPARE_FILE)
  await bundlePrepare(rooms.projectFolder, definition.prepare.path, bundle)
  const { key, sha256 } = await rooms.objects.putFile('files', bundle)
  return { object: key, sha256 }
}

async function readWaiting(rooms: Rooms, run: LifecycleRun, waiting: readonly Drop[], attempt: Attempt, folder: string): Promise<ReadonlyMap<string, DropReading>> {
  if (waiting.length === 0) return new Map()
  const outputFolder = join(folder, 'parts')
  await mkdir(outputFolder)
  const drops = await Promise.all(waiting.map(async (drop) => ({ id: drop.id, key: drop.key, path: await rooms.objects.localPath(drop.object), released: drop.released })))
  const readings = await readDrops(
    {
      drops,
      columns: run.definition.columns,
      otherColumns: run.definition.contract?.otherColumns,
      deleted: run.definition.delivery?.kind === 'upsert' ? run.definition.delivery.deleted : undefined,
      memoryBytes: run.definition.limits.dataMemoryBytes,
      token: attempt.token,
      workingFolder: folder,
      outputFolder,
      logFile: attemptLog(rooms.stateFolder, attempt.run, attempt.stage, attempt.number),
    },
    attempt.signal,
  )
  for (const reading of readings.values()) {
    if (reading.accepted) await rooms.objects.putFile('parts', join(outputFolder, `${reading.part.sha256}.parquet`), '.parquet')
  }
  return readings
}

/** The readings of drops about which nobody has decided since they were taken: a release may change what is read. */
function stillValid(readings: ReadonlyMap<string, DropReading>, taken: readonly Drop[], waiting: readonly Drop[]): ReadonlyMap<string, DropReading> {
  const since = new Map(waiting.map(({ id, changedAt }) => [id, changedAt.getTime()]))
  const changed = new Set(taken.filter(({ id, changedAt }) => since.get(id) !== changedAt.getTime()).map(({ id }) => id))
  return new Map([...readings].filter(([id]) => !changed.has(id)))
}

async function summarise(
  rooms: Pick<Rooms, 'database' | 'refitVersion'>,
  run: LifecycleRun,
  snapshot: Snapshot | undefined,
  decisions: readonly DropDecision[],
  drops: readonly Drop[],
  code: CodeState,
  prepare: Ingested['prepare'],
): Promise<Ingested> {
  const environment = { refit: rooms.refitVersion, node: process.version, platform: `${process.platform}-${process.arch}` }
  const digest = snapshot?.digest ?? ''
  const seed = seedOf(digest, run.definitionHash)
  const parts: FingerprintParts = { snapshot: digest, definitionHash: run.definitionHash, codeHash: code.hash, lockFileHash: code.lockFileHash, prepare: prepare?.sha256, environment, seed }
  const champion = await getChampion(rooms.database, run.model)
  const byId = new Map(drops.map((drop) => [drop.id, drop]))
  const nothingNew = await whyNothingNew(rooms, run, snapshot, decisions, parts)
  return {
    snapshot: digest,
    rows: snapshot?.parts.reduce((sum, part) => sum + part.rows, 0) ?? 0,
    ...(snapshot?.delivery === undefined ? {} : { isMerged: true }),
    drops: {
      ingested: summaries(decisions, 'ingested'),
      quarantined: summaries(decisions, 'quarantined'),
      discarded: summaries(decisions, 'discarded'),
      superseded: summaries(decisions, 'superseded'),
    },
    history: (snapshot?.parts ?? []).map((part) => madeFrom(part.drop, byId.get(part.drop))),
    fingerprint: fingerprintOf(parts, champion?.version),
    seed,
    code,
    environment,
    ...(prepare === undefined ? {} : { prepare }),
    ...(nothingNew === undefined ? {} : { nothingNew }),
  }
}

async function whyNothingNew(
  rooms: Pick<Rooms, 'database'>,
  run: LifecycleRun,
  snapshot: Snapshot | undefined,
  decisions: readonly DropDecision[],
  parts: FingerprintParts,
): Promise<string | undefined> {
  const quarantined = decisions.filter((decision) => decision.state === 'quarantined').map((decision) => decision.drop.key)
  const besides = quarantined.length === 0 ? '' : ` Quarantined: ${quarantined.join(', ')}.`
  if (snapshot === undefined) return `There is no accepted data yet.${besides}`
  if (run.force) return undefined
  const same = await sameAsLastVerdict(rooms.database, run.model, parts)
  return same === undefined ? undefined : `Nothing has changed since run ${same}.${besides}`
}

/** A drop as a version names what it was made from. */
function madeFrom(id: string, drop: Drop | undefined): Ingested['history'][number] {
  if (drop === undefined) return { id, key: '', sha256: '' }
  const { key, sha256, object, objectVersion } = drop
  return { id, key, sha256, object, ...(objectVersion === undefined ? {} : { objectVersion }) }
}

function summaries(decisions: readonly DropDecision[], state: DropDecision['state']): Static<typeof DropSummary>[] {
  return decisions
    .filter((decision) => decision.state === state)
    .map((decision) => ({ id: decision.drop.id, key: decision.drop.key, ...details(decision) }))
}

function details(decision: DropDecision): { rows?: number; why?: string } {
  switch (decision.state) {
    case 'ingested':
    case 'quarantined':
      return decision.reading.accepted
        ? { rows: decision.reading.part.rows }
        : { why: decision.reading.faults.map((fault) => fault.message).join(' ') }
    case 'discarded':
      return { why: decision.summary }
    case 'superseded':
      return { why: `Delivered again as ${decision.by}.` }
  }
}
