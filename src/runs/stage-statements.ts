import { CompiledQuery } from 'kysely'
import { EVENTS_CHANNEL } from './event.js'

/**
 * The statements of every stage boundary, written out and prepared: together with one flush to disk they are all that a
 * stage costs besides its work. The fence is part of each: nothing happens unless the run's generation is the given one.
 */

interface StageOfRun {
  readonly run: string
  readonly generation: number
  readonly stage: string
  readonly at: Date
}

/** Opens an attempt, without waiting for the disk: `number`, or no row. */
export function openingAttempt({ run, generation, stage, at }: StageOfRun): CompiledQuery<{ readonly number: number }> {
  return compiled(OPEN_ATTEMPT, [run, generation, stage, at])
}

/** Holds a run until the transaction ends. */
export function holdingRun(run: string, stage: string): CompiledQuery<Held> {
  return compiled(HOLD_RUN, [run, stage])
}

/** Finishes a stage: its row, its attempt and its event. */
export function finishingStage(
  { run, generation, stage, at }: StageOfRun,
  { model, position, attempt, startedAt, result }: { readonly model: string; readonly position: number; readonly attempt: number; readonly startedAt: Date; readonly result: unknown },
): CompiledQuery<Held> {
  const event = { stage, attempt, milliseconds: at.getTime() - startedAt.getTime(), result }
  return compiled(FINISH_STAGE, [run, stage, position, attempt, JSON.stringify(result), startedAt, at, generation, model, JSON.stringify(event)])
}

/** The run as its holder must find it. */
export interface Held {
  readonly generation: number
  /** The result of a commit whose answer got lost: it is asked for again. No stage's result is null. */
  readonly finished: unknown
}

function compiled<Row>(text: string, parameters: readonly unknown[]): CompiledQuery<Row> {
  return CompiledQuery.raw(text, [...parameters])
}

const OPEN_ATTEMPT = `/* prepared open-attempt */
with held as (
  select id, model, set_config('synchronous_commit', 'off', true) from runs where id = $1 and generation = $2 for share),
opened as (
  insert into attempts (run, stage, number, generation, state, started_at)
  select id, $3, (select coalesce(max(number), 0) + 1 from attempts where run = $1 and stage = $3), $2, 'running', $4::timestamptz from held
  returning number),
told as (
  insert into events (at, actor, kind, model, run, data)
  select $4::timestamptz, 'refit', 'stage.started', model, id, jsonb_build_object('stage', $3::text, 'attempt', number) from held, opened)
select number, pg_notify('${EVENTS_CHANNEL}', '') from opened`

const HOLD_RUN = `/* prepared hold-run */
select generation, (select result from stages where run = $1 and name = $2) as finished from runs where id = $1 for update`

const FINISH_STAGE = `/* prepared finish-stage */
with held as (
  select generation, (select result from stages where run = $1 and name = $2) as finished from runs where id = $1 for update),
staged as (
  insert into stages (run, name, position, attempt, result, started_at, finished_at)
  select $1, $2, $3::integer, $4::integer, $5::jsonb, $6::timestamptz, $7::timestamptz from held where generation = $8 and finished is null
  returning 1),
noted as (
  update attempts set state = 'finished', ended_at = $7::timestamptz from staged
  where attempts.run = $1 and attempts.stage = $2 and attempts.number = $4::integer),
told as (
  insert into events (at, actor, kind, model, run, data)
  select $7::timestamptz, 'refit', 'stage.finished', $9, $1, $10::jsonb from staged)
select generation, finished, pg_notify('${EVENTS_CHANNEL}', '') from held`
