import { sql } from 'kysely'
import type { Clock } from '../clock.js'
import type { Database, RunOutcome, Transaction } from '../database/schema.js'
import { appendEvent } from './event.js'
import { runFromRow, type Run, type RunError } from './run.js'
import { finishingStage, holdingRun, openingAttempt, type Held } from './stage-statements.js'

/** Thrown when another process has taken the run over: whatever this one still does must have no effect. */
export class RunTakenOver extends Error {
  override readonly name = 'RunTakenOver'
}

/** The one who may commit stages of a run: valid as long as the generation is the present one. */
export interface RunClaim {
  readonly run: Run
  readonly generation: number
  /** Results of the stages that had finished when the run was taken, as JSON, by name. From then on only its holder adds any. */
  readonly finished: ReadonlyMap<string, unknown>
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
    const stages = await transaction.selectFrom('stages').select(['name', 'result']).where('run', '=', id).execute()
    return { run, generation: run.generation, finished: new Map(stages.map(({ name, result }) => [name, result])) }
  })
}

/**
 * Opens an attempt at a stage and returns its number. Its record is for the reader, not for recovery, so its commit
 * does not wait for the disk.
 * @throws RunTakenOver before anything is started that the new owner does not know of
 */
export async function openAttempt(database: Database, clock: Clock, claim: RunClaim, stage: string): Promise<number> {
  const at = clock.now()
  const run = claim.run.id
  const { rows } = await database.executeQuery(openingAttempt({ run, generation: claim.generation, stage, at }))
  const [row] = rows
  if (row === undefined) throw new RunTakenOver(`Run ${run} has been taken over.`)
  return row.number
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

/** A stage that is to be finished. */
export interface FinishingStage {
  readonly name: string
  readonly position: number
  readonly attempt: number
  readonly startedAt: Date
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
  stage: FinishingStage,
  commit: (transaction: Transaction) => Promise<unknown>,
): Promise<unknown> {
  const attempt = database.transaction().execute(async (transaction) => {
    const { rows } = await transaction.executeQuery(holdingRun(claim.run.id, stage.name))
    const finished = requireHeld(claim.run.id, claim.generation, rows[0])
    if (finished !== null) return finished
    const result = await commit(transaction)
    const written = await writeStage(transaction, clock, claim, stage, result)
    // A commit whose answer got lost was still under way when the run was held: it counts, and not this one.
    if (written !== result) throw new FinishedMeanwhile(written)
    return result
  })
  return attempt.catch((error: unknown) => {
    if (error instanceof FinishedMeanwhile) return error.result
    throw error
  })
}

/** Undoes the changes of a commit that came second. */
class FinishedMeanwhile extends Error {
  constructor(readonly result: unknown) {
    super('the stage has been finished meanwhile')
  }
}

/** Finishes a stage that changes nothing besides: one statement is its durable transaction. @throws RunTakenOver */
export function finishStage(database: Database, clock: Clock, claim: RunClaim, stage: FinishingStage, result: unknown): Promise<unknown> {
  return writeStage(database, clock, claim, stage, result)
}

async function writeStage(database: Database, clock: Clock, { run, generation }: RunClaim, stage: FinishingStage, result: unknown): Promise<unknown> {
  const finishing = finishingStage({ run: run.id, generation, stage: stage.name, at: clock.now() }, { ...stage, model: run.model, result })
  const { rows } = await database.executeQuery(finishing)
  return requireHeld(run.id, generation, rows[0]) ?? result
}

/** @throws RunTakenOver */
function requireHeld(run: string, generation: number, held: Held | undefined): unknown {
  if (held?.generation !== generation) throw new RunTakenOver(`Run ${run} has been taken over.`)
  return held.finished
}

/** How a run ended, in words. */
export interface RunEnd {
  readonly outcome: RunOutcome
  /** One sentence, for the model's owner. */
  readonly explanation: string
  readonly error?: RunError
  /** The rollout by which its version comes into service. */
  readonly rollout?: string
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
      data: { outcome: end.outcome, explanation: end.explanation, rollout: end.rollout },
    })
  })
}
