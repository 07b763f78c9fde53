import { rm } from 'node:fs/promises'
import { throughOutages } from '../database/outage.js'
import { digestOf } from '../define/canonical-json.js'
import { RefitError } from '../errors.js'
import { describeError } from '../runs/describe-error.js'
import { claimRun, endRun, RunTakenOver, type RunClaim, type RunEnd } from '../runs/execution.js'
import { createStage } from '../workflow/run-stage.js'
import { endLeftTrainingRuns } from '../tracking/training-runs.js'
import { ProgramStopping, RunCancelled } from '../workflow/stage.js'
import { runFolder } from './folders.js'
import { runLifecycle } from './lifecycle.js'
import { tokenPrefix, type LifecycleRun, type Rooms } from './run.js'

/**
 * Takes a run, carries it through the lifecycle and ends it, however it goes. Rejects only when the program stops or
 * another process has taken the run over; then it goes on elsewhere or later.
 */
export async function executeRun(rooms: Rooms, id: string, signal: AbortSignal): Promise<void> {
  const { database, clock, executor, stateFolder } = rooms
  const claim = await throughOutages(() => claimRun(database, clock, id), clock, signal)
  if (claim === undefined) return
  const prefix = tokenPrefix(stateFolder, id)
  // What an interrupted attempt has left running would write into folders that are about to be used again.
  await executor.endAll(`${prefix}/`)
  const stage = createStage({ database, clock, claim, signal, tokenPrefix: prefix })
  const end = await endOf(() => runLifecycle(stage, lifecycleRun(claim), rooms))
  await throughOutages(() => endRun(database, clock, claim, end), clock)
  if (rooms.tracking !== undefined) await throughOutages(() => endLeftTrainingRuns(database, clock, id), clock)
  await rm(runFolder(stateFolder, id), { recursive: true, force: true })
}

function lifecycleRun(claim: RunClaim): LifecycleRun {
  const { id, model, definition, force, offer } = claim.run
  if (definition === undefined) throw new Error(`active run ${id} has no definition`)
  return { id, model, definition, definitionHash: digestOf(definition), force, offer }
}

async function endOf(run: () => Promise<RunEnd>): Promise<RunEnd> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof RunTakenOver || error instanceof ProgramStopping) throw error
    if (error instanceof RunCancelled) return { outcome: 'cancelled', explanation: 'The run was cancelled.' }
    // Retired at the very moment of its deployment: what ended it is a decision, and no fault.
    if (error instanceof RefitError && error.code === 'model-retired') return { outcome: 'cancelled', explanation: error.message }
    // Too little data to cut or to judge is no fault: the champion stays and the next run tries again.
    if (error instanceof RefitError && error.code === 'sets-too-small') return { outcome: 'inconclusive', explanation: error.message }
    return { outcome: 'failed', explanation: error instanceof Error ? error.message : String(error), error: describeError(error) }
  }
}
