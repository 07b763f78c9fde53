import { Value } from 'typebox/value'
import type { Clock } from '../clock.js'
import type { Database, Transaction } from '../database/schema.js'
import { stepsOf } from '../define/stored-deployment.js'
import { refitError } from '../errors.js'
import type { Comparison } from '../rollouts/compare.js'
import { mergedFigures, StepFigures } from '../rollouts/figures.js'
import { moveChampion, type Champion } from './champion.js'
import { lockModel } from './models.js'
import { abortRollout, getRollout, isOpen, nextRevision, openRollout, stepElapsed, tellRollout, type Rollout } from './rollout.js'

/** Figures that a decision rests on, for its event. */
export interface Grounds {
  /** One sentence. */
  readonly because: string
  readonly requests: { readonly champion: number; readonly challenger: number }
  readonly comparisons: readonly Comparison[]
}

/** Writes down what one serving process has seen of a step by now, in place of what it had seen before. */
export async function tellFigures(database: Database, at: Date, { rollout, step, replica, figures }: { readonly rollout: string; readonly step: number; readonly replica: string; readonly figures: StepFigures }): Promise<void> {
  const row = { figures: JSON.stringify(figures), at }
  await database
    .insertInto('rollout_figures')
    .values({ rollout, step, replica, ...row })
    .onConflict((conflict) => conflict.columns(['rollout', 'step', 'replica']).doUpdateSet(row))
    .execute()
}

/** What all serving processes have seen of each step of a rollout by now, by the step's index. */
export async function figuresOf(database: Database, rollout: string): Promise<ReadonlyMap<number, StepFigures>> {
  const rows = await database.selectFrom('rollout_figures').select(['step', 'figures']).where('rollout', '=', rollout).orderBy('step').orderBy('replica').execute()
  const steps = [...new Set(rows.map(({ step }) => step))]
  return new Map(steps.map((step) => [step, mergedFigures(rows.filter((row) => row.step === step).map(({ figures }) => Value.Parse(StepFigures, figures)))]))
}

/**
 * Changes a rollout if it still is as it was seen: nobody has paused, ended or moved it on meanwhile. Otherwise nothing is
 * done, and undefined returned.
 */
async function changeSeen<T>(database: Database, seen: Rollout, change: (transaction: Transaction) => Promise<T>): Promise<T | undefined> {
  return database.transaction().execute(async (transaction) => {
    await lockModel(transaction, seen.model)
    const present = await openRollout(transaction, seen.model)
    return present?.id === seen.id && present.revision === seen.revision ? change(transaction) : undefined
  })
}

/** Begins the next step. */
export function beginNextStep(database: Database, clock: Clock, seen: Rollout, grounds: Grounds): Promise<boolean | undefined> {
  return changeSeen(database, seen, async (transaction) => {
    const at = clock.now()
    const step = seen.step + 1
    await transaction.updateTable('rollouts').set({ step, step_since: at, step_milliseconds: 0, waits: false, revision: nextRevision }).where('id', '=', seen.id).execute()
    await tellRollout(transaction, at, { ...seen, step }, 'rollout.step', 'refit', { ...stepsOf(seen.deployment)[step], ...data(grounds) })
    return true
  })
}

/** The version has come through every step: it is champion, in one transaction with the end of its rollout. */
export function goLive(database: Database, clock: Clock, seen: Rollout, grounds: Grounds): Promise<Champion | undefined> {
  return changeSeen(database, seen, async (transaction) => {
    const at = clock.now()
    const explanation = `Version ${seen.version} is champion. ${grounds.because}`
    await end(transaction, at, seen, 'live', explanation)
    const { model, version, cause, actor, reason, run } = seen
    const champion = await moveChampion(transaction, at, { model, version, cause, actor, reason, run, rollout: seen.id })
    await tellRollout(transaction, at, seen, 'rollout.live', 'refit', { previous: seen.champion, explanation, ...data(grounds) })
    return champion
  })
}

/** The version has done harm: the champion has all traffic again. */
export function rollBack(database: Database, clock: Clock, seen: Rollout, grounds: Grounds): Promise<boolean | undefined> {
  return changeSeen(database, seen, async (transaction) => {
    const at = clock.now()
    const explanation = `Version ${seen.version} was rolled back in step ${seen.step + 1} of ${stepsOf(seen.deployment).length}. ${grounds.because}`
    await end(transaction, at, seen, 'rolled-back', explanation)
    await tellRollout(transaction, at, seen, 'rollout.rolled-back', 'refit', { champion: seen.champion, explanation, ...data(grounds) })
    return true
  })
}

/** The step is over but for its traffic; told once a step. What serves does not change. */
export function noteWaiting(database: Database, clock: Clock, seen: Rollout, grounds: Grounds): Promise<boolean | undefined> {
  return changeSeen(database, seen, async (transaction) => {
    await transaction.updateTable('rollouts').set({ waits: true }).where('id', '=', seen.id).execute()
    await tellRollout(transaction, clock.now(), seen, 'rollout.waiting', 'refit', { explanation: grounds.because, ...data(grounds) })
    return true
  })
}

/** Ends it for a reason that lies outside of its traffic. */
export function abortSeen(database: Database, clock: Clock, seen: Rollout, because: string): Promise<Rollout | undefined> {
  return changeSeen(database, seen, (transaction) => abortRollout(transaction, clock.now(), seen.model, { actor: 'refit', because }))
}

async function end(transaction: Transaction, at: Date, { id }: Rollout, state: 'live' | 'rolled-back', explanation: string): Promise<void> {
  await transaction.updateTable('rollouts').set({ state, explanation, ended_at: at, revision: nextRevision }).where('id', '=', id).execute()
}

function data({ requests, comparisons }: Grounds): Readonly<Record<string, unknown>> {
  return { requests, comparisons }
}

/** What somebody wants of the rollout of a model that is on. */
export interface RolloutOrder {
  readonly model: string
  readonly actor: string
  readonly reason: string
}

/** The share of the traffic stays as it is until somebody lets it on; what does harm is rolled back all the same. @throws RefitError `no-rollout`, `reason-required`, `conflict` */
export function pauseRollout(database: Database, clock: Clock, order: RolloutOrder): Promise<Rollout> {
  return obey(database, order, 'pause', async (transaction, rollout) => {
    if (rollout.state === 'paused') throw refitError('conflict', { reason: `Rollout ${rollout.id} is paused already.` })
    const at = clock.now()
    await transaction.updateTable('rollouts').set({ state: 'paused', step_milliseconds: Math.round(stepElapsed(rollout, at)), revision: nextRevision }).where('id', '=', rollout.id).execute()
    await tellRollout(transaction, at, rollout, 'rollout.paused', order.actor, { reason: order.reason })
  })
}

/** Goes on where it was paused. @throws RefitError `no-rollout`, `reason-required`, `conflict` */
export function resumeRollout(database: Database, clock: Clock, order: RolloutOrder): Promise<Rollout> {
  return obey(database, order, 'resume', async (transaction, rollout) => {
    if (rollout.state !== 'paused') throw refitError('conflict', { reason: `Rollout ${rollout.id} is not paused.` })
    const at = clock.now()
    await transaction.updateTable('rollouts').set({ state: 'running', step_since: at, revision: nextRevision }).where('id', '=', rollout.id).execute()
    await tellRollout(transaction, at, rollout, 'rollout.resumed', order.actor, { reason: order.reason })
  })
}

/** Ends it: the champion has all traffic again. @throws RefitError `no-rollout`, `reason-required` */
export function endRollout(database: Database, clock: Clock, order: RolloutOrder): Promise<Rollout> {
  return obey(database, order, 'abort', async (transaction) => {
    await abortRollout(transaction, clock.now(), order.model, { actor: order.actor, because: `Aborted by ${order.actor}: ${order.reason.replace(/\.?$/, '.')}` })
  })
}

async function obey(database: Database, { model, reason }: RolloutOrder, action: string, change: (transaction: Transaction, rollout: Rollout) => Promise<void>): Promise<Rollout> {
  if (reason.trim() === '') throw refitError('reason-required', { action: `rollout ${action}` })
  return database.transaction().execute(async (transaction) => {
    await lockModel(transaction, model)
    const rollout = await openRollout(transaction, model)
    if (rollout === undefined || !isOpen(rollout)) throw refitError('no-rollout', { model })
    await change(transaction, rollout)
    return getRollout(transaction, model, rollout.number)
  })
}
