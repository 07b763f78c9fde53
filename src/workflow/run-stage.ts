import { Value } from 'typebox/value'
import type { Static, TSchema } from 'typebox'
import type { Clock } from '../clock.js'
import { throughOutages } from '../database/outage.js'
import type { Database } from '../database/schema.js'
import { RefitError } from '../errors.js'
import { commitStage, failAttempt, finishStage, openAttempt, RunTakenOver, type RunClaim } from '../runs/execution.js'
import { describeError } from '../runs/describe-error.js'
import { pausePoint } from './pause-point.js'
import { ProgramStopping, RunCancelled, type Attempt, type Stage, type StageBody } from './stage.js'

export interface StageRunner {
  readonly database: Database
  readonly clock: Clock
  readonly claim: RunClaim
  readonly signal: AbortSignal
  /** What the tokens of this run's processes begin with: `<state>/<run>`. */
  readonly tokenPrefix: string
}

const RETRY_DELAY_MS = 1000

/**
 * Provides the `stage` of one run. The row in `stages` decides whether a stage has finished: whoever carries the run
 * again passes through what has, and goes on behind it.
 */
export function createStage(runner: StageRunner): Stage {
  let position = 0
  return async (name, result, body, options = {}) => {
    position += 1
    const finished = runner.claim.finished.get(name)
    return finished === undefined ? carryOut(runner, { name, position, result, body, tries: options.tries ?? 1 }) : Value.Parse(result, finished)
  }
}

interface StageCall<S extends TSchema> {
  readonly name: string
  readonly position: number
  readonly result: S
  readonly body: StageBody<Static<S>>
  readonly tries: number
}

/** Whatever breaks when the run is interrupted, a pause, a query or a process: the interruption is what is told. */
async function carryOut<S extends TSchema>(runner: StageRunner, call: StageCall<S>): Promise<Static<S>> {
  try {
    return await tryUntilFinished(runner, call)
  } catch (error) {
    if (!(error instanceof RunTakenOver)) throwIfAborted(runner.signal)
    throw error
  }
}

async function tryUntilFinished<S extends TSchema>(runner: StageRunner, call: StageCall<S>): Promise<Static<S>> {
  const { database, claim, clock, signal } = runner
  for (let tried = 1; ; tried += 1) {
    throwIfAborted(signal)
    await pausePoint(`${call.name}:before`)
    const number = await throughOutages(() => openAttempt(database, clock, claim, call.name), clock, signal)
    const attempt: Attempt = { run: claim.run.id, stage: call.name, number, token: `${runner.tokenPrefix}/${call.name}/${number}`, signal }
    try {
      const result = await tryStage(runner, call, attempt)
      await pausePoint(`${call.name}:after`)
      return result
    } catch (error) {
      if (error instanceof RunTakenOver) throw error
      if (signal.aborted) {
        if (!(signal.reason instanceof ProgramStopping)) {
          await throughOutages(() => failAttempt(database, clock, claim, call.name, number, describeError(signal.reason), 'cancelled'), clock)
        }
        throw error
      }
      await throughOutages(() => failAttempt(database, clock, claim, call.name, number, describeError(error)), clock, signal)
      if (tried >= call.tries || isUsersFault(error)) throw error
      await clock.sleep(RETRY_DELAY_MS * tried, signal)
    }
  }
}

async function tryStage<S extends TSchema>(runner: StageRunner, call: StageCall<S>, attempt: Attempt): Promise<Static<S>> {
  const { database, claim, clock, signal } = runner
  const startedAt = clock.now()
  const end = await call.body(attempt)
  await pausePoint(`${call.name}:before-commit`)
  const stage = { name: call.name, position: call.position, attempt: attempt.number, startedAt }
  // Decoded before it is kept: a result that could not be read again would end the run at every try.
  const decode = (given: unknown): Static<S> => Value.Parse(call.result, given)
  const finish = async (): Promise<unknown> =>
    typeof end === 'function'
      ? commitStage(database, clock, claim, stage, async (transaction) => decode(await end(transaction)))
      : finishStage(database, clock, claim, stage, decode(end.result))
  const result = await throughOutages(finish, clock, signal)
  return Value.Parse(call.result, result)
}

function isUsersFault(error: unknown): boolean {
  return error instanceof RefitError && error.status < 500
}

function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return
  throw signal.reason instanceof Error ? signal.reason : new RunCancelled('The run was cancelled.')
}
