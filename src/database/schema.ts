import type { ColumnType, Generated, Kysely, Transaction as KyselyTransaction } from 'kysely'

/**
 * The tables, as Kysely sees them. JSON columns are `unknown` when read: the room that owns a table decodes
 * them by its schema. They are written as text.
 */
type Json = ColumnType<unknown, string, string>
type JsonOrNull = ColumnType<unknown, string | null | undefined, string | null>
type Time = ColumnType<Date, Date, Date>
type TimeOrNull = ColumnType<Date | null, Date | null | undefined, Date | null>
/** bigint leaves `pg` as text. */
type BigInteger = ColumnType<string, number | bigint | string, number | bigint | string>

export type DropState = 'recorded' | 'ingested' | 'quarantined' | 'discarded' | 'superseded' | 'withdrawn'
export type RunState = 'waiting' | 'active' | 'ended'
export type RunOutcome =
  | 'promoted'
  | 'rejected'
  | 'inconclusive'
  | 'awaiting-approval'
  | 'superseded'
  | 'unchanged'
  | 'failed'
  | 'cancelled'
export type AttemptState = 'running' | 'finished' | 'failed' | 'interrupted' | 'cancelled'
export type VersionState = 'passed' | 'awaiting-approval' | 'approved' | 'declined' | 'superseded' | 'expired'
export type NotificationState = 'waiting' | 'sent' | 'given-up' | 'dropped'
export type RolloutState = 'running' | 'paused' | 'live' | 'rolled-back' | 'aborted'
export type BatchJobState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'
export type ChampionCause = 'run' | 'approve' | 'promote' | 'adopt' | 'rollback'

export interface Schema {
  models: {
    name: string
    definition: Json
    definition_hash: string
    next_run: Generated<number>
    next_drop: Generated<number>
    next_version: Generated<number>
    present: Generated<boolean>
    updated_at: Time
    retired_at: TimeOrNull
    retired_by: ColumnType<string | null, string | null | undefined, string | null>
    retired_reason: ColumnType<string | null, string | null | undefined, string | null>
  }
  drops: {
    id: string
    model: string
    source: string
    key: string
    source_version: string
    sha256: string
    object: string
    bytes: BigInteger
    state: DropState
    reason: ColumnType<unknown, string | undefined, string>
    part: JsonOrNull
    superseded_by: string | null
    run: string | null
    object_version: ColumnType<string | null, string | null | undefined, string | null>
    files: JsonOrNull
    watermark: ColumnType<string | null, string | null | undefined, string | null>
    released: Generated<boolean>
    decision: JsonOrNull
    recorded_at: Time
    changed_at: Time
  }
  drop_profiles: { drop_id: string; profile: Json }
  contracts: {
    model: string
    number: number
    columns: Json
    origin: 'declared' | 'inferred' | 'accepted'
    declared: ColumnType<unknown, string | undefined, string>
    drop_id: ColumnType<string | null, string | null | undefined, string | null>
    actor: ColumnType<string, string | undefined, string>
    reason: ColumnType<string | null, string | null | undefined, string | null>
    created_at: Time
  }
  snapshots: { digest: string; model: string; manifest: Json; profile: JsonOrNull; created_at: Time }
  snapshot_drops: { model: string; snapshot: string; drop_id: string }
  runs: {
    id: string
    model: string
    number: number
    state: RunState
    outcome: RunOutcome | null
    causes: Json
    force: Generated<boolean>
    offer: JsonOrNull
    definition: JsonOrNull
    generation: Generated<number>
    cancel_requested: Generated<boolean>
    snapshot: string | null
    fingerprint: string | null
    candidate: string | null
    verdict: JsonOrNull
    version: number | null
    explanation: string | null
    error: JsonOrNull
    created_at: Time
    started_at: TimeOrNull
    ended_at: TimeOrNull
  }
  stages: {
    run: string
    name: string
    position: number
    attempt: number
    result: Json
    started_at: Time
    finished_at: Time
  }
  attempts: {
    run: string
    stage: string
    number: number
    generation: number
    state: AttemptState
    error: JsonOrNull
    started_at: Time
    ended_at: TimeOrNull
  }
  versions: {
    model: string
    number: number
    run: string | null
    digest: string
    format: string
    state: VersionState
    signature: Json
    verdict: JsonOrNull
    lineage: Json
    created_at: Time
  }
  champions: { model: string; version: number; generation: BigInteger; since: Time }
  champion_moves: {
    model: string
    generation: BigInteger
    version: number
    previous: number | null
    cause: ChampionCause
    actor: string
    reason: string | null
    run: string | null
    at: Time
  }
  rollouts: {
    id: string
    model: string
    number: number
    version: number
    champion: number
    deployment: Json
    state: RolloutState
    step: number
    revision: BigInteger
    step_since: Time
    step_milliseconds: BigInteger
    waits: boolean
    cause: Exclude<ChampionCause, 'rollback'>
    actor: string
    reason: string | null
    run: string | null
    explanation: string | null
    started_at: Time
    ended_at: TimeOrNull
  }
  rollout_figures: { rollout: string; step: number; replica: string; figures: Json; at: Time }
  batch_jobs: {
    id: string
    model: string
    number: number
    version: number
    input: string
    output: string
    overwrite: boolean
    state: BatchJobState
    cancel_requested: Generated<boolean>
    progress: JsonOrNull
    result: JsonOrNull
    error: JsonOrNull
    actor: string
    created_at: Time
    started_at: TimeOrNull
    ended_at: TimeOrNull
  }
  prediction_key: { single: Generated<boolean>; key: string }
  prediction_files: {
    number: ColumnType<string, never, never>
    model: string
    version: number
    object: string
    rows: number
    bytes: BigInteger
    first_at: Time
    last_at: Time
    created_at: Time
  }
  prediction_spools: { name: string; file: BigInteger }
  prediction_uploads: { object: string; begun_at: Time }
  prediction_feedback: {
    model: string
    kind: 'prediction' | 'key'
    subject: string
    row: number
    truth: string
    actor: string
    received_at: Time
  }
  recorded_clients: {
    model: string
    number: number
    digest: string
    shape: Json
    version: number
    last_version: number
    actor: string
    recorded_at: Time
    last_at: Time
    forgotten_at: TimeOrNull
  }
  events: {
    id: ColumnType<string, never, never>
    transaction: ColumnType<string, never, never>
    at: Time
    actor: string
    kind: string
    model: string | null
    run: string | null
    data: Json
  }
  notification_cursor: { single: Generated<boolean>; cursor: string }
  notifications: {
    id: string
    target: string
    event: string
    message: Json
    state: NotificationState
    tries: Generated<number>
    next_try: Time
    failure: ColumnType<string | null, string | null | undefined, string | null>
    created_at: Time
    changed_at: Time
  }
  schedules: { model: string; trigger: string; handled_until: Time }
  replicas: { id: string; pid: number; address: string; live: Json; seen_at: Time }
}

/** The database, and a transaction on it. */
export type Database = Kysely<Schema>
export type Transaction = KyselyTransaction<Schema>
