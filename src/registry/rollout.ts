import { sql, type Selectable } from 'kysely'
import { Value } from 'typebox/value'
import type { ChampionCause, Database, RolloutState, Schema, Transaction } from '../database/schema.js'
import { StoredDeployment, stepsOf, type RolloutStep } from '../define/stored-deployment.js'
import { refitError } from '../errors.js'
import { appendEvent, type EventKind } from '../runs/event.js'
import { CHAMPIONS_CHANNEL } from './champions-channel.js'

/** What is to move the champion pointer once a version has come all the way into traffic. */
export interface IntendedMove {
  readonly cause: Exclude<ChampionCause, 'rollback'>
  readonly actor: string
  readonly reason: string | undefined
  readonly run: string | undefined
}

/** The way of a version into traffic, beside the champion. */
export interface Rollout extends IntendedMove {
  /** E.g. `house-price-r3`. */
  readonly id: string
  readonly model: string
  readonly number: number
  readonly version: number
  /** Beside which it is compared. */
  readonly champion: number
  /** As the definition said when it started. */
  readonly deployment: StoredDeployment
  readonly state: RolloutState
  /** Index of the present step among `stepsOf(deployment)`. */
  readonly step: number
  /** Grows with every change of what is to serve. */
  readonly revision: number
  /** Since when the present step lasts, or has been let on after a pause, and for how many milliseconds before that. */
  readonly stepSince: Date
  readonly stepMilliseconds: number
  /** Whether the step is over but for its traffic. */
  readonly waits: boolean
  readonly explanation: string | undefined
  readonly startedAt: Date
  readonly endedAt: Date | undefined
}

export const OPEN_STATES: readonly RolloutState[] = ['running', 'paused']

export function isOpen({ state }: Pick<Rollout, 'state'>): boolean {
  return OPEN_STATES.includes(state)
}

/** The present step. */
export function presentStep({ deployment, step }: Pick<Rollout, 'deployment' | 'step'>): RolloutStep {
  const present = stepsOf(deployment)[step]
  if (present === undefined) throw new Error(`no step ${step} of a rollout`)
  return present
}

/** How long the present step has lasted, without pauses, in milliseconds. */
export function stepElapsed({ state, stepSince, stepMilliseconds }: Pick<Rollout, 'state' | 'stepSince' | 'stepMilliseconds'>, now: Date): number {
  return stepMilliseconds + (state === 'running' ? Math.max(0, now.getTime() - stepSince.getTime()) : 0)
}

function rolloutFromRow(row: Selectable<Schema['rollouts']>): Rollout {
  return {
    id: row.id,
    model: row.model,
    number: row.number,
    version: row.version,
    champion: row.champion,
    deployment: Value.Parse(StoredDeployment, row.deployment),
    state: row.state,
    step: row.step,
    revision: Number(row.revision),
    stepSince: row.step_since,
    stepMilliseconds: Number(row.step_milliseconds),
    waits: row.waits,
    cause: row.cause,
    actor: row.actor,
    reason: row.reason ?? undefined,
    run: row.run ?? undefined,
    explanation: row.explanation ?? undefined,
    startedAt: row.started_at,
    endedAt: row.ended_at ?? undefined,
  }
}

/** The rollouts that are on, by model. */
export async function openRollouts(database: Database): Promise<readonly Rollout[]> {
  return (await database.selectFrom('rollouts').selectAll().where('state', 'in', OPEN_STATES).orderBy('model').execute()).map(rolloutFromRow)
}

/** The rollout of a model that is on. */
export async function openRollout(database: Database, model: string): Promise<Rollout | undefined> {
  const row = await database.selectFrom('rollouts').selectAll().where('model', '=', model).where('state', 'in', OPEN_STATES).executeTakeFirst()
  return row === undefined ? undefined : rolloutFromRow(row)
}

/** Rollouts of a model, the newest first, from the one before `before` on. */
export async function listRollouts(database: Database, model: string, limit: number, before?: number): Promise<readonly Rollout[]> {
  let select = database.selectFrom('rollouts').selectAll().where('model', '=', model).orderBy('number', 'desc').limit(limit)
  if (before !== undefined) select = select.where('number', '<', before)
  return (await select.execute()).map(rolloutFromRow)
}

/** The newest rollout of one version, if it ever had one. */
export async function latestRolloutOf(database: Database, model: string, version: number): Promise<Rollout | undefined> {
  const row = await database.selectFrom('rollouts').selectAll().where('model', '=', model).where('version', '=', version).orderBy('number', 'desc').limit(1).executeTakeFirst()
  return row === undefined ? undefined : rolloutFromRow(row)
}

/** @throws RefitError `not-found` */
export async function getRollout(database: Database, model: string, number: number): Promise<Rollout> {
  const row = await database.selectFrom('rollouts').selectAll().where('model', '=', model).where('number', '=', number).executeTakeFirst()
  if (row === undefined) throw refitError('not-found', { what: `rollout ${number} of model "${model}"` })
  return rolloutFromRow(row)
}

export interface NewRollout extends IntendedMove {
  readonly model: string
  readonly version: number
  readonly champion: number
  readonly deployment: StoredDeployment
}

/** Begins a rollout, in the caller's transaction and under the model's lock; one that is on is aborted by it. */
export async function startRollout(transaction: Transaction, at: Date, { model, version, champion, deployment, ...move }: NewRollout): Promise<Rollout> {
  await abortRollout(transaction, at, model, { actor: move.actor, because: `Version ${version} has come, and is rolled out in its place.` })
  const { last } = await transaction.selectFrom('rollouts').select(({ fn }) => fn.max('number').as('last')).where('model', '=', model).executeTakeFirstOrThrow()
  const number = (last ?? 0) + 1
  const row = await transaction
    .insertInto('rollouts')
    .values({
      id: `${model}-r${number}`,
      model,
      number,
      version,
      champion,
      deployment: JSON.stringify(deployment),
      state: 'running',
      step: 0,
      revision: nextRevision,
      step_since: at,
      step_milliseconds: 0,
      waits: false,
      ...move,
      reason: move.reason ?? null,
      run: move.run ?? null,
      explanation: null,
      started_at: at,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  const rollout = rolloutFromRow(row)
  await tellRollout(transaction, at, rollout, 'rollout.started', move.actor, { champion, steps: stepsOf(deployment), reason: move.reason })
  return rollout
}

/** The next revision, as a value of a statement. */
export const nextRevision = sql<number>`nextval('rollout_revisions')`

/** Why a rollout ends without having decided anything itself. */
export interface Abortion {
  readonly actor: string
  /** One sentence. */
  readonly because: string
  /** Whether somebody has rolled it back. */
  readonly cause?: 'rollback'
}

/** Ends the rollout of a model that is on, if there is one: the champion keeps all traffic. In the caller's transaction, under the model's lock. */
export async function abortRollout(transaction: Transaction, at: Date, model: string, { actor, because, cause }: Abortion): Promise<Rollout | undefined> {
  const row = await transaction
    .updateTable('rollouts')
    .set({ state: 'aborted', explanation: because, ended_at: at, revision: nextRevision })
    .where('model', '=', model)
    .where('state', 'in', OPEN_STATES)
    .returningAll()
    .executeTakeFirst()
  if (row === undefined) return undefined
  const rollout = rolloutFromRow(row)
  await tellRollout(transaction, at, rollout, 'rollout.aborted', actor, { explanation: because, champion: rollout.champion, cause })
  return rollout
}

/** Appends the event of a change and hints serving at it. */
export async function tellRollout(transaction: Transaction, at: Date, { id, model, version, run, step }: Rollout, kind: EventKind, actor: string, data: Readonly<Record<string, unknown>>): Promise<void> {
  await appendEvent(transaction, { at, actor, kind, model, run, data: { rollout: id, version, step: step + 1, ...data } })
  await sql`select pg_notify(${CHAMPIONS_CHANNEL}, ${model})`.execute(transaction)
}
