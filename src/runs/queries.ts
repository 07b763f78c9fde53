import { sql } from 'kysely'
import type { AttemptState, Database } from '../database/schema.js'
import { Value } from 'typebox/value'
import { refitError } from '../errors.js'
import { RunError, runFromRow, type Run } from './run.js'

/** @throws RefitError `not-found` */
export async function getRun(database: Database, id: string): Promise<Run> {
  const row = await database.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst()
  if (row === undefined) throw refitError('not-found', { what: `run "${id}"` })
  return runFromRow(row)
}

/** Runs from the newest on; `before` is the id of the last one of the page before. */
export async function listRuns(
  database: Database,
  query: { readonly model?: string | undefined; readonly limit: number; readonly before?: string | undefined },
): Promise<readonly Run[]> {
  let select = database.selectFrom('runs').selectAll().limit(query.limit)
  if (query.before !== undefined) {
    const last = await getRun(database, query.before)
    select =
      query.model === undefined
        ? select.where((where) => where(where.refTuple('created_at', 'id'), '<', where.tuple(last.createdAt, last.id)))
        : select.where('number', '<', last.number)
  }
  select =
    query.model === undefined
      ? select.orderBy('created_at', 'desc').orderBy('id', 'desc')
      : select.where('model', '=', query.model).orderBy('number', 'desc')
  return (await select.execute()).map(runFromRow)
}

/** The runs of a model that have reached a verdict, from a number down, the newest first. */
export async function judgedRuns(database: Database, model: string, newest: number, limit: number): Promise<readonly Run[]> {
  const rows = await database.selectFrom('runs').selectAll().where('model', '=', model).where('number', '<=', newest).where('verdict', 'is not', null).orderBy('number', 'desc').limit(limit).execute()
  return rows.map(runFromRow)
}

/** The newest runs, as many as that, that were given a version of a model to check it anew, in order. */
export async function runsOffered(database: Database, model: string, version: number, limit: number): Promise<readonly Run[]> {
  const rows = await database
    .selectFrom('runs')
    .selectAll()
    .where('model', '=', model)
    .where('offer', 'is not', null)
    .where(sql<string>`offer ->> 'version'`, '=', String(version))
    .orderBy('number', 'desc')
    .limit(limit)
    .execute()
  return rows.toReversed().map(runFromRow)
}

/** Where a model stands: the run under way, the next in turn, and the last that has ended. */
export async function presentRuns(database: Database, model: string): Promise<{ readonly active: Run | undefined; readonly waiting: Run | undefined; readonly lastEnded: Run | undefined }> {
  const runs = database.selectFrom('runs').selectAll().where('model', '=', model).limit(1)
  const [active, waiting, lastEnded] = await Promise.all([
    runs.where('state', '=', 'active').executeTakeFirst(),
    runs.where('state', '=', 'waiting').orderBy('number').executeTakeFirst(),
    runs.where('state', '=', 'ended').orderBy('number', 'desc').executeTakeFirst(),
  ])
  const decoded = (row: typeof active): Run | undefined => (row === undefined ? undefined : runFromRow(row))
  return { active: decoded(active), waiting: decoded(waiting), lastEnded: decoded(lastEnded) }
}

/** Runs that have not ended: the work there is. Active ones first, then waiting ones by age. */
export async function openRuns(database: Database): Promise<readonly { readonly id: string; readonly model: string; readonly state: 'waiting' | 'active'; readonly cancelRequested: boolean }[]> {
  const rows = await database
    .selectFrom('runs')
    .select(['id', 'model', 'state', 'cancel_requested'])
    .where('state', 'in', ['waiting', 'active'])
    .orderBy('state')
    .orderBy('created_at')
    .execute()
  return rows.map((row) => ({ id: row.id, model: row.model, state: row.state === 'active' ? 'active' : 'waiting', cancelRequested: row.cancel_requested }))
}

/** One try at a stage, as the reader sees it. */
export interface AttemptView {
  readonly stage: string
  readonly number: number
  readonly state: AttemptState
  readonly startedAt: Date
  readonly endedAt: Date | undefined
  readonly error: RunError | undefined
}

/** A finished stage with its result as JSON. */
export interface StageView {
  readonly name: string
  readonly attempt: number
  readonly startedAt: Date
  readonly finishedAt: Date
  readonly result: unknown
}

/** The finished stages of a run in order, and every attempt. */
export async function stagesOf(database: Database, run: string): Promise<{ readonly stages: readonly StageView[]; readonly attempts: readonly AttemptView[] }> {
  const stages = await database.selectFrom('stages').selectAll().where('run', '=', run).orderBy('position').execute()
  const attempts = await database.selectFrom('attempts').selectAll().where('run', '=', run).orderBy('started_at').orderBy('number').execute()
  return {
    stages: stages.map((row) => ({ name: row.name, attempt: row.attempt, startedAt: row.started_at, finishedAt: row.finished_at, result: row.result })),
    attempts: attempts.map((row) => ({
      stage: row.stage,
      number: row.number,
      state: row.state,
      startedAt: row.started_at,
      endedAt: row.ended_at ?? undefined,
      error: row.error === null ? undefined : Value.Parse(RunError, row.error),
    })),
  }
}
