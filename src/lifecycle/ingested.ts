import { Type, type Static } from 'typebox'
import type { Part, Snapshot } from '../data/snapshot.js'
import { digestOf } from '../define/canonical-json.js'
import { decisiveOf } from '../define/recipe.js'
import { StoredColumn, type StoredModel } from '../define/stored-definition.js'
import type { Drop } from '../drops/drop.js'
import type { DropDecision } from '../drops/settle.js'
import { getChampion } from '../registry/champion.js'
import { DropOfLineage } from '../registry/version.js'
import type { CodeState } from './code-state.js'
import { fingerprintOf, sameAsLastVerdict, type FingerprintParts } from './fingerprint.js'
import { seedOf, type LifecycleRun, type Rooms } from './run.js'

const DropSummary = Type.Object({ id: Type.String(), key: Type.String(), rows: Type.Optional(Type.Integer()), why: Type.Optional(Type.String()) })

/** The bundle of a module, as an object: a run has one from here on, whatever becomes of the file. */
const KeptModule = Type.Object({ object: Type.String(), sha256: Type.String() })
export type KeptModule = Static<typeof KeptModule>

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
  history: Type.Array(DropOfLineage),
  fingerprint: Type.String(),
  seed: Type.Integer(),
  code: Type.Object({ hash: Type.String(), commit: Type.Optional(Type.String()), lockFileHash: Type.Optional(Type.String()) }),
  environment: Type.Object({ refit: Type.String(), node: Type.String(), platform: Type.String() }),
  prepare: Type.Optional(KeptModule),
  /** Of the user's own, by name. */
  metrics: Type.Optional(Type.Record(Type.String(), KeptModule)),
  /** Of the modules of the user's own rules, by path. */
  rules: Type.Optional(Type.Record(Type.String(), KeptModule)),
  /** Set when the run ends here: why. */
  nothingNew: Type.Optional(Type.String()),
})
export type Ingested = Static<typeof Ingested>

/** What an ingest leaves: what became of the drops, and what the next stages begin with. */
export async function summarise(
  rooms: Pick<Rooms, 'database' | 'refitVersion'>,
  run: LifecycleRun,
  given: StoredModel,
  snapshot: Snapshot | undefined,
  decisions: readonly DropDecision[],
  drops: readonly Drop[],
  code: CodeState,
  { prepare, metrics, rules }: Pick<Ingested, 'prepare' | 'metrics' | 'rules'>,
): Promise<Ingested> {
  const environment = { refit: rooms.refitVersion, node: process.version, platform: `${process.platform}-${process.arch}` }
  const digest = snapshot?.digest ?? ''
  // As it was registered: the columns of a contract beside it are part of the snapshot.
  const seed = seedOf(digest, given)
  const parts: FingerprintParts = { snapshot: digest, definitionHash: digestOf(decisiveOf(given)), codeHash: code.hash, lockFileHash: code.lockFileHash, prepare: prepare?.sha256, metrics: digestsOf(metrics), rules: digestsOf(rules), environment, seed }
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
    history: (snapshot?.parts ?? []).map((part) => madeFrom(part, byId.get(part.drop))),
    fingerprint: fingerprintOf(parts, champion?.version),
    seed,
    code,
    environment,
    ...(prepare === undefined ? {} : { prepare }),
    ...(metrics === undefined ? {} : { metrics }),
    ...(rules === undefined ? {} : { rules }),
    ...(nothingNew === undefined ? {} : { nothingNew }),
  }
}

function digestsOf(modules: Readonly<Record<string, KeptModule>> | undefined): Readonly<Record<string, string>> | undefined {
  return modules === undefined ? undefined : Object.fromEntries(Object.entries(modules).map(([name, { sha256 }]) => [name, sha256]))
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
  if (snapshot === undefined) return `There is no accepted data yet${run.offer === undefined ? '' : ', so there is no row to check the candidate on'}.${besides}`
  if (run.force || run.offer !== undefined) return undefined
  const same = await sameAsLastVerdict(rooms.database, run.model, parts)
  return same === undefined ? undefined : `Nothing has changed since run ${same}.${besides}`
}

/** A drop as a version names what it was made from. */
function madeFrom({ drop: id, object: partObject, objectVersion: partVersion }: Part, drop: Drop | undefined): DropOfLineage {
  const part = { object: partObject, ...(partVersion === undefined ? {} : { objectVersion: partVersion }) }
  if (drop === undefined) return { id, key: '', sha256: '', part }
  const { key, sha256, object, objectVersion } = drop
  return { id, key, sha256, object, ...(objectVersion === undefined ? {} : { objectVersion }), part }
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
