import { sql } from 'kysely'
import type { Clock } from '../clock.js'
import type { AttemptState, Database, RunOutcome, Transaction } from '../database/schema.js'
import { appendEvent } from './event.js'
import { runFromRow, type Run, type RunError } from './run.js'

/** Thrown when another process has taken the run over: whatever this one still does must have no effect. */
export class RunTakenOver extends Error {
  override readonly name = 'RunTakenOver'
}

/** The one who may commit stages of a run: valid as long as the generation is the present one. */
export interface RunClaim {
  readonly run: Run
  readonly generation: number
}

/**
 * Takes a run over: a new generation fences whoever held it before. A waiting run becomes active, with the model's
 * definition as it is now. Returns undefined when the run has ended, while another run of its model is active, or when
 * someone else has started it at this moment.
 */
export async function claimRun(database: Database, clock: Clock, id: string): Promise<RunClaim | undefined> {
  return database.transaction().execute(async (transaction) => {
    const found = await transaction.selectFrom('runs').select(['model', 'state']).where('id', '=', id).executeTakeFirst()
    if (found === undefined || found.state === 'ended') return undefined
    const starting = found.state === 'waiting'
    // One order of locks: the model's row before a run that waits, as in a request. The row of an active run comes
    // first, as in its stages' commits, and taking it over needs no more.
    const models = transaction.selectFrom('models').select('definition').where('name', '=', found.model)
    const definition = starting ? (await models.forUpdate().executeTakeFirstOrThrow()).definition : undefined
    const row = await transaction.selectFrom('runs').select('model').where('id', '=', id).where('state', '=', found.state).forUpdate().executeTakeFirst()
    if (row === undefined) return undefined
    const at = clock.now()
    if (starting) {
      const other = await transaction.selectFrom('runs').select('id').where('model', '=', row.model).where('state', '=', 'active').executeTakeFirst()
      if (other !== undefined) return undefined
    }
    const claimed = await transaction
      .updateTable('runs')
      .set({
        generation: sql`generation + 1`,
        ...(starting ? { state: 'active' as const, started_at: at, definition: JSON.stringify(definition) } : {}),
      })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow()
    await transaction
      .updateTable('attempts')
      .set({ state: 'interrupted', ended_at: at })
      .where('run', '=', id)
      .where('state', '=', 'running')
      .execute()
    const run = runFromRow(claimed)
    await appendEvent(transaction, { at, actor: 'refit', kind: starting ? 'run.started' : 'run.resumed', model: run.model, run: id, data: {} })
    return { run, generation: run.generation }
  })
}

/** A finished stage's result as JSON, or undefined if it has not finished. */
export async function finishedStage(database: Database, run: string, name: string): Promise<unknown> {
  const row = await database.selectFrom('stages').select('result').where('run', '=', run).where('name', '=', name).executeTakeFirst()
  return row?.result
}

/**
 * Opens an attempt at a stage and returns its number. Its record is for the reader, not for recovery, so its commit
 * does not wait for the disk.
 * @throws RunTakenOver before anything is started that the new owner does not know of
 */
export async function openAttempt(database: Database, clock: Clock, claim: RunClaim, stage: string): Promise<number> {
  return database.transaction().execute(async (transaction) => {
    await sql`set local synchronous_commit = off`.execute(transaction)
    const at = clock.now()
    const row = await transaction
      .insertInto('attempts')
      .columns(['run', 'stage', 'number', 'generation', 'state', 'started_at'])
      .expression((query) =>
        query
          .selectFrom('runs')
          .select((runs) => [
            'runs.id as run',
            sql.val(stage).as('stage'),
            runs
              .selectFrom('attempts')
              .select(sql<number>`coalesce(max(number), 0) + 1`.as('number'))
              .whereRef('attempts.run', '=', 'runs.id')
              .where('attempts.stage', '=', stage)
              .as('number'),
            'runs.generation',
            sql<AttemptState>`'running'`.as('state'),
            sql<Date>`${at}::timestamptz`.as('started_at'),
          ])
          .where('runs.id', '=', claim.run.id)
          .where('runs.generation', '=', claim.generation)
          .forShare(),
      )
      .returning('number')
      .executeTakeFirst()
    if (row === undefined) throw new RunTakenOver(`Run ${claim.run.id} has been taken over.`)
    await appendEvent(transaction, { at, actor: 'refit', kind: 'stage.started', model: claim.run.model, run: claim.run.id, data: { stage, attempt: row.number } })
    return row.number
  })
}

/** Notes that an attempt did not finish its stage; only once, and not when whoever took the run over has noted it. */
export async function failAttempt(
  database: Database,
  clock: Clock,
  claim: RunClaim,
  stage: string,
  attempt: number,
  error: RunError,
  state: 'failed' | 'cancelled' = 'failed',
): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const at = clock.now()
    const noted = await transaction
      .updateTable('attempts')
      .set({ state, error: JSON.stringify(error), ended_at: at })
      .where('run', '=', claim.run.id)
      .where('stage', '=', stage)
      .where('number', '=', attempt)
      .where('state', '=', 'running')
      .executeTakeFirst()
    if (noted.numUpdatedRows === 0n) return
    await appendEvent(transaction, {
      at,
      actor: 'refit',
      kind: 'stage.failed',
      model: claim.run.model,
      run: claim.run.id,
      data: { stage, attempt, state, message: error.message },
    })
  })
}

/**
 * Finishes a stage: its row, the caller's own changes and its event, in one durable transaction that holds only if
 * the claim is still the present one. `commit` makes the changes and returns the stage's result, as does this.
 * @throws RunTakenOver
 */
export async function commitStage(
  database: Database,
  clock: Clock,
  claim: RunClaim,
  stage: { readonly name: string; readonly position: number; readonly attempt: number; readonly startedAt: Date },
  commit: (transaction: Transaction) => Promise<unknown>,
): Promise<unknown> {
  return database.transaction().execute(async (transaction) => {
    const held = await transaction.selectFrom('runs').select('generation').where('id', '=', claim.run.id).forUpdate().executeTakeFirst()
    if (held?.generation !== claim.generation) throw new RunTakenOver(`Run ${claim.run.id} has been taken over.`)
    // A commit whose answer got lost is asked for again.
    const finished = await finishedStage(transaction, claim.run.id, stage.name)
    if (finished !== undefined) return finished
    const at = clock.now()
    const result = await commit(transaction)
    await transaction
      .insertInto('stages')
      .values({ run: claim.run.id, ...stageRow(stage), result: JSON.stringify(result), finished_at: at })
      .execute()
    await transaction
      .updateTable('attempts')
      .set({ state: 'finished', ended_at: at })
      .where('run', '=', claim.run.id)
      .where('stage', '=', stage.name)
      .where('number', '=', stage.attempt)
      .execute()
    await appendEvent(transaction, {
      at,
      actor: 'refit',
      kind: 'stage.finished',
      model: claim.run.model,
      run: claim.run.id,
      data: { stage: stage.name, attempt: stage.attempt, milliseconds: at.getTime() - stage.startedAt.getTime(), result },
    })
    return result
  })
}

function stageRow(stage: { name: string; position: number; attempt: number; startedAt: Date }): {
  name: string
  position: number
  attempt: number
  started_at: Date
} {
  return { name: stage.name, position: stage.position, attempt: stage.attempt, started_at: stage.startedAt }
}

/** How a run ended, in words. */
export interface RunEnd {
  readonly outcome: RunOutcome
  /** One sentence, for the model's owner. */
  readonly explanation: string
  readonly error?: RunError
}

/** Ends a run. Ending it again changes nothing. @throws RunTakenOver */
export async function endRun(database: Database, clock: Clock, claim: RunClaim, end: RunEnd): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const row = await transaction.selectFrom('runs').select(['generation', 'state']).where('id', '=', claim.run.id).forUpdate().executeTakeFirstOrThrow()
    if (row.state === 'ended') return
    if (row.generation !== claim.generation) throw new RunTakenOver(`Run ${claim.run.id} has been taken over.`)
    const at = clock.now()
    await transaction
      .updateTable('runs')
      .set({
        state: 'ended',
        outcome: end.outcome,
        explanation: end.explanation,
        error: end.error === undefined ? null : JSON.stringify(end.error),
        ended_at: at,
      })
      .where('id', '=', claim.run.id)
      .execute()
    await appendEvent(transaction, {
      at,
      actor: 'refit',
      kind: 'run.ended',
      model: claim.run.model,
      run: claim.run.id,
      data: { outcome: end.outcome, explanation: end.explanation },
    })
  })
}
