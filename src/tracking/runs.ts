import { randomUUID } from 'node:crypto'
import { sql, type RawBuilder } from 'kysely'
import type { Database, Transaction } from '../database/schema.js'
import { lastOfEach, tagEntry, textOf, type Entry } from './entries.js'
import { numberOf } from './experiments.js'
import { invalid, missing } from './refusals.js'
import { runName } from './run-name.js'

export const runStatuses = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const
export type RunStatus = (typeof runStatuses)[number]

/** What is known of a run besides what was logged of it. */
export interface RunInfo {
  /** For this room's own tables. */
  readonly number: number
  /** 32 hexadecimal digits. */
  readonly id: string
  readonly experiment: string
  readonly name: string
  readonly user: string
  readonly status: RunStatus
  readonly startedAt: number
  readonly endedAt: number | undefined
  readonly artifactUri: string
  readonly isDeleted: boolean
  /** Made by a training of the lifecycle, which keeps it. */
  readonly isOfTraining: boolean
}

/** Who writes to a run: the training of the lifecycle that has made it, while it is under way, or anybody. */
export type Writer = 'training' | 'anybody'

export interface NewRun {
  readonly experiment: string
  readonly name: string | undefined
  readonly user: string | undefined
  readonly startedAt: number | undefined
  /** That makes it, by `trainingName`. */
  readonly training?: string | undefined
  readonly tags: readonly Entry[]
}

/** The tag that says the name of a run too. */
export const RUN_NAME_TAG = 'mlflow.runName'

/** @throws RefitError `tracking-missing`, `tracking-invalid` */
export async function createRun(database: Database, { experiment, name, user, startedAt, training, tags }: NewRun): Promise<RunInfo> {
  const tagged = tags.findLast(({ key }) => key === RUN_NAME_TAG)?.value
  if (name !== undefined && name !== '' && tagged !== undefined && name !== tagged) {
    throw invalid(`Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='${name}', mlflow.runName='${tagged}').`)
  }
  const called = textOf((name ?? '') === '' ? (tagged ?? runName()) : (name ?? ''))
  const kept = lastOfEach([...tags.filter(({ key }) => key !== RUN_NAME_TAG), { key: RUN_NAME_TAG, value: called }].map(tagEntry))
  const id = randomUUID().replaceAll('-', '')
  const { rows } = await sql<RunRow & { experiment_deleted: boolean }>`
    /* prepared tracking-create-run */
    with parent as (select id, artifact_location, is_deleted from tracking.experiments where id = ${numberOf(experiment)}),
    made as (
      insert into tracking.runs (id, experiment, name, user_name, status, started_at, artifact_uri, training)
      select ${id}, parent.id, ${called}, ${textOf(user ?? '')}, 'RUNNING', ${startedAt ?? 0}::bigint, ${appended('artifact_location', `${id}/artifacts`)}, ${training ?? null}::text from parent where not is_deleted
      returning *),
    tagged as (
      insert into tracking.tags (run, key, value)
      select made.number, tag.key, tag.value from made, unnest(${kept.map(({ key }) => key)}::text[], ${kept.map(({ value }) => value)}::text[]) as tag (key, value))
    select ${columns('made')}, parent.is_deleted as experiment_deleted from parent left join made on true`.execute(database)
  const [row] = rows
  if (row === undefined) throw missing(`No Experiment with id=${experiment} exists`)
  if (row.experiment_deleted) throw invalid(`The experiment ${experiment} must be in the 'active' state. Current state is deleted.`)
  return infoOf(row)
}

/** @throws RefitError `tracking-missing` */
export async function getRun(database: Database | Transaction, id: string): Promise<RunInfo> {
  const { rows } = await sql<RunRow>`/* prepared tracking-get-run */ select ${columns('runs')} from tracking.runs where id = ${textOf(id)}`.execute(database)
  const [row] = rows
  if (row === undefined) throw missing(`Run with id=${id} not found`)
  return infoOf(row)
}

/** A run that may be written to. @throws RefitError `tracking-missing`, `tracking-invalid` for a deleted one */
export async function getActiveRun(database: Database | Transaction, id: string): Promise<RunInfo> {
  const run = await getRun(database, id)
  if (run.isDeleted) throw notActive(id)
  return run
}

/** A run that this writer may write to. @throws RefitError `tracking-missing`, `tracking-invalid` for a deleted one, and for one that is kept */
export async function getWritableRun(database: Database | Transaction, id: string, by: Writer): Promise<RunInfo> {
  const run = await getActiveRun(database, id)
  if (run.isOfTraining && by !== 'training') throw invalid(`The run ${id} is kept as its training left it: it was made by one of this project. Tags may be set whose names begin neither with refit. nor with mlflow.; log anything else to a run of your own.`)
  return run
}

/** SQL: the run of that id, where this writer may write to it. */
export function isWritable(id: string, by: Writer): RawBuilder<unknown> {
  return sql`id = ${textOf(id)} and not is_deleted and (training is null or ${by === 'training'}::boolean)`
}

/** Why a write found no run that may be written to. @throws RefitError always */
export async function tellWhyNotWritable(database: Database | Transaction, id: string): Promise<never> {
  await getWritableRun(database, id, 'anybody')
  // It was deleted and restored meanwhile.
  throw notActive(id)
}

/** Changes what is given and leaves the rest. @throws RefitError `tracking-missing`, `tracking-invalid` */
export async function updateRun(
  database: Database,
  id: string,
  { name, status, endedAt }: { readonly name: string | undefined; readonly status: RunStatus | undefined; readonly endedAt: number | undefined },
  by: Writer,
): Promise<RunInfo> {
  const called = name === undefined || name === '' ? null : textOf(name)
  const { rows } = await sql<RunRow>`
    /* prepared tracking-update-run */
    with changed as (
      update tracking.runs set name = coalesce(${called}::text, name), status = coalesce(${status ?? null}::text, status), ended_at = coalesce(${endedAt ?? null}::bigint, ended_at)
      where ${isWritable(id, by)} returning *),
    tagged as (
      insert into tracking.tags (run, key, value) select number, ${RUN_NAME_TAG}, name from changed where ${called}::text is not null
      on conflict (run, key) do update set value = excluded.value)
    select ${columns('changed')} from changed`.execute(database)
  const [row] = rows
  return row === undefined ? tellWhyNotWritable(database, id) : infoOf(row)
}

/** Deletes a run, which can be restored; not one that a training has made. @throws RefitError `tracking-missing`, `tracking-invalid` */
export async function deleteRun(database: Database, id: string): Promise<void> {
  const { rows } = await sql`update tracking.runs set is_deleted = true where id = ${textOf(id)} and training is null returning id`.execute(database)
  if (rows.length > 0) return
  await getRun(database, id)
  throw invalid(`The run ${id} is not deleted: it was made by a training of this project, and tells where its versions come from.`)
}

/** @throws RefitError `tracking-missing` */
export async function restoreRun(database: Database, id: string): Promise<void> {
  const { rows } = await sql`update tracking.runs set is_deleted = false where id = ${textOf(id)} returning id`.execute(database)
  if (rows.length === 0) throw missing(`Run with id=${id} not found`)
}

/** A row of tracking.runs as `columns` gives it. */
export interface RunRow {
  readonly number: number
  readonly id: string
  readonly experiment: string
  readonly name: string
  readonly user_name: string
  readonly status: RunStatus
  readonly started_at: number
  readonly ended_at: number | null
  readonly artifact_uri: string
  readonly is_deleted: boolean
  readonly of_training: boolean
}

/** What is selected of a table of runs. */
export function columns(table: string): ReturnType<typeof sql> {
  const of = sql.raw(table)
  return sql`${of}.number::float8 as number, ${of}.id, ${of}.experiment::text as experiment, ${of}.name, ${of}.user_name, ${of}.status,
    ${of}.started_at::float8 as started_at, ${of}.ended_at::float8 as ended_at, ${of}.artifact_uri, ${of}.is_deleted, ${of}.training is not null as of_training`
}

export function infoOf(row: RunRow): RunInfo {
  return {
    number: row.number,
    id: row.id,
    experiment: row.experiment,
    name: row.name,
    user: row.user_name,
    status: row.status,
    startedAt: row.started_at,
    endedAt: row.ended_at ?? undefined,
    artifactUri: row.artifact_uri,
    isDeleted: row.is_deleted,
    isOfTraining: row.of_training,
  }
}

/** SQL for a path below a location, which goes before its query. */
export function appended(column: string, path: string): ReturnType<typeof sql> {
  const of = sql.raw(column)
  return sql`rtrim(split_part(${of}, '?', 1), '/') || '/' || ${path} || case when position('?' in ${of}) > 0 then substring(${of} from position('?' in ${of})) else '' end`
}

function notActive(id: string): ReturnType<typeof invalid> {
  return invalid(`The run ${id} must be in the 'active' state. Current state is deleted.`)
}
