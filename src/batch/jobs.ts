import { sql, type Selectable } from 'kysely'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import type { Clock } from '../clock.js'
import type { BatchJobState, Database, Schema } from '../database/schema.js'
import { refitError } from '../errors.js'
import { getChampion } from '../registry/champion.js'
import { getModel, lockModel } from '../registry/models.js'
import { getVersion } from '../registry/version.js'
import { appendEvent } from '../runs/event.js'
import { RunError } from '../runs/run.js'
import { Scored, ScoringProgress } from './score-job.js'

/** What became of the rows of a job: as `Scored`, but for what only the command line tells. */
export const JobResult = Type.Omit(Scored, ['kept'])
export type JobResult = Static<typeof JobResult>

/** A file that a version is to score. */
export interface BatchJob {
  /** E.g. `house-price-b3`. */
  readonly id: string
  readonly model: string
  readonly number: number
  /** Pinned when it was asked for. */
  readonly version: number
  /** Below the project's folder for batch files. */
  readonly input: string
  readonly output: string
  readonly overwrite: boolean
  readonly state: BatchJobState
  readonly cancelRequested: boolean
  readonly progress: ScoringProgress | undefined
  readonly result: JobResult | undefined
  readonly error: RunError | undefined
  readonly actor: string
  readonly createdAt: Date
  readonly startedAt: Date | undefined
  readonly endedAt: Date | undefined
}

const OPEN_STATES: readonly BatchJobState[] = ['waiting', 'running']

function jobFromRow(row: Selectable<Schema['batch_jobs']>): BatchJob {
  return {
    id: row.id,
    model: row.model,
    number: row.number,
    version: row.version,
    input: row.input,
    output: row.output,
    overwrite: row.overwrite,
    state: row.state,
    cancelRequested: row.cancel_requested,
    progress: row.progress === null ? undefined : Value.Parse(ScoringProgress, row.progress),
    result: row.result === null ? undefined : Value.Parse(JobResult, row.result),
    error: row.error === null ? undefined : Value.Parse(RunError, row.error),
    actor: row.actor,
    createdAt: row.created_at,
    startedAt: row.started_at ?? undefined,
    endedAt: row.ended_at ?? undefined,
  }
}

export interface JobRequest {
  readonly model: string
  /** Default: the champion of this moment. */
  readonly version?: number | undefined
  readonly input: string
  readonly output: string
  readonly overwrite: boolean
  readonly actor: string
}

/**
 * Asks for a file to be scored. From here on it is done whatever dies; its version stays the one it is now.
 * @throws RefitError `not-found`, `model-retired`, `not-serving`, `conflict` while another job writes the same output
 */
export async function requestJob(database: Database, clock: Clock, { model, version, input, output, overwrite, actor }: JobRequest): Promise<BatchJob> {
  await getModel(database, model, 'in life')
  return database.transaction().execute(async (transaction) => {
    // Orders the numbers of its jobs.
    await lockModel(transaction, model)
    const champion = version === undefined ? await getChampion(transaction, model) : undefined
    const pinned = version ?? champion?.version
    if (pinned === undefined) throw refitError('not-serving', { model })
    await getVersion(transaction, model, pinned)
    const writing = await transaction.selectFrom('batch_jobs').select('id').where('output', '=', output).where('state', 'in', OPEN_STATES).executeTakeFirst()
    if (writing !== undefined) throw outputTaken(writing.id, output)
    const { number } = await transaction
      .selectFrom('batch_jobs')
      .select(sql<number>`coalesce(max(number), 0)::integer + 1`.as('number'))
      .where('model', '=', model)
      .executeTakeFirstOrThrow()
    const at = clock.now()
    const id = `${model}-b${number}`
    const row = await transaction
      .insertInto('batch_jobs')
      .values({ id, model, number, version: pinned, input, output, overwrite, state: 'waiting', actor, created_at: at })
      // Somebody who asks for another model holds another lock.
      .onConflict((conflict) => conflict.column('output').where('state', 'in', OPEN_STATES).doNothing())
      .returningAll()
      .executeTakeFirst()
    if (row === undefined) throw outputTaken('Another one', output)
    await appendEvent(transaction, { at, actor, kind: 'batch.requested', model, data: { job: id, version: pinned, input, output } })
    return jobFromRow(row)
  })
}

function outputTaken(job: string, output: string): Error {
  return refitError('conflict', { reason: `Batch job ${job} is to write ${output} already.` })
}

/** @throws RefitError `not-found` */
export async function getJob(database: Database, id: string): Promise<BatchJob> {
  const job = await findJob(database, id)
  if (job === undefined) throw refitError('not-found', { what: `batch job "${id.slice(0, 200)}"` })
  return job
}

/** Undefined where there is none. */
export async function findJob(database: Database, id: string): Promise<BatchJob | undefined> {
  const row = await database.selectFrom('batch_jobs').selectAll().where('id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : jobFromRow(row)
}

/** Jobs of a model from the newest on, or from the one before `before`. */
export async function listJobs(database: Database, model: string, limit: number, before?: number): Promise<readonly BatchJob[]> {
  let select = database.selectFrom('batch_jobs').selectAll().where('model', '=', model).orderBy('number', 'desc').limit(limit)
  if (before !== undefined) select = select.where('number', '<', before)
  return (await select.execute()).map(jobFromRow)
}

/** Jobs that have not ended, the oldest first. */
export async function openJobs(database: Database): Promise<readonly BatchJob[]> {
  return (await database.selectFrom('batch_jobs').selectAll().where('state', 'in', OPEN_STATES).orderBy('created_at').orderBy('id').execute()).map(jobFromRow)
}

/** Notes that a job is being carried, once more after a restart. Returns whether it has not ended. */
export async function beginJob(database: Database, at: Date, id: string): Promise<boolean> {
  const begun = await database
    .updateTable('batch_jobs')
    .set({ state: 'running', started_at: sql<Date>`coalesce(started_at, ${at})` })
    .where('id', '=', id)
    .where('state', 'in', OPEN_STATES)
    .returning('id')
    .executeTakeFirst()
  return begun !== undefined
}

/** Notes how far a job is. Nothing follows from it. */
export async function noteProgress(database: Database, id: string, progress: ScoringProgress): Promise<void> {
  await database.updateTable('batch_jobs').set({ progress: JSON.stringify(progress) }).where('id', '=', id).where('state', '=', 'running').execute()
}

/** How a job ends. */
export type JobEnd = { readonly state: 'done'; readonly result: JobResult } | { readonly state: 'failed'; readonly error: RunError } | { readonly state: 'cancelled' }

/** Ends a job that has not ended, with its event, in one transaction. */
export async function endJob(database: Database, at: Date, { id, model, version }: Pick<BatchJob, 'id' | 'model' | 'version'>, end: JobEnd): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const ended = await transaction
      .updateTable('batch_jobs')
      .set({ state: end.state, ended_at: at, ...(end.state === 'done' ? { result: JSON.stringify(end.result) } : {}), ...(end.state === 'failed' ? { error: JSON.stringify(end.error) } : {}) })
      .where('id', '=', id)
      .where('state', 'in', OPEN_STATES)
      .returning('id')
      .executeTakeFirst()
    if (ended === undefined) return
    const figures = end.state === 'done' ? { rows: end.result.rows, count: end.result.rejected } : {}
    const message = end.state === 'failed' ? { message: end.error.message } : {}
    await appendEvent(transaction, { at, actor: 'refit', kind: 'batch.ended', model, data: { job: id, version, outcome: end.state, ...figures, ...message } })
  })
}

/** Asks a job to end. What it has finished is thrown away. @throws RefitError `not-found`, `batch-ended` */
export async function requestJobCancel(database: Database, id: string): Promise<BatchJob> {
  const row = await database.updateTable('batch_jobs').set({ cancel_requested: true }).where('id', '=', id).where('state', 'in', OPEN_STATES).returningAll().executeTakeFirst()
  if (row !== undefined) return jobFromRow(row)
  const { state } = await getJob(database, id)
  throw refitError('batch-ended', { job: id, state })
}
