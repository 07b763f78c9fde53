import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleModule, withRequire } from '../../bundles/bundle-module.js'
import type { RolloutContext } from '../../define/deployment.js'
import { ownRuleName } from '../../define/own-rule.js'
import type { OwnRule } from '../../define/stored-definition.js'
import { RefitError } from '../../errors.js'
import { basicEnvironment } from '../../processes/run-process.js'
import type { Rollout } from '../../registry/rollout.js'
import type { Grounds } from '../../registry/rollout-steps.js'
import { askProgram } from '../own-answer.js'
import { tokenPrefix, type Rooms } from '../run.js'

export interface CheckAnswer {
  readonly answer: 'passed' | 'failed' | 'inconclusive'
  /** One sentence. */
  readonly explanation: string
}

type CheckRooms = Pick<Rooms, 'executor' | 'projectFolder' | 'stateFolder'> & {
  /** The compiled entry of the child that runs a module. */
  readonly childEntry: URL
}

const LIMITS = { milliseconds: 600_000, memoryBytes: 2_000_000_000 }

/**
 * Asks the check of the user's own, a module of the project as it stands there now, or a program. One that throws, hangs,
 * dies, does not start or answers nonsense fails the version, with that reason.
 */
export async function askOwnCheck(rooms: CheckRooms, check: OwnRule, rollout: Rollout, grounds: Grounds, signal: AbortSignal): Promise<CheckAnswer> {
  const { executor, projectFolder, stateFolder } = rooms
  const token = `${tokenPrefix(stateFolder, rollout.id)}/check/${rollout.step + 1}`
  // What a crash has left would answer into the folder that is about to be used.
  await executor.endAll(token)
  const folder = join(stateFolder, 'work', rollout.id, String(rollout.step + 1))
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const name = ownRuleName(check)
  try {
    const [answerFile, factsFile, parametersFile] = [join(folder, 'answer.json'), join(folder, 'facts.json'), join(folder, 'parameters.json')]
    await writeFile(factsFile, JSON.stringify(factsOf(rollout, grounds)))
    await writeFile(parametersFile, JSON.stringify(check.parameters))
    const task = {
      ...(await programOf(rooms, check, folder)),
      environment: { ...basicEnvironment(), REFIT_FACTS: factsFile, REFIT_PARAMS: parametersFile, REFIT_ANSWER: answerFile },
      workingFolder: projectFolder,
      token,
      limits: LIMITS,
      logFile: join(stateFolder, 'logs', rollout.id, `check-${rollout.step + 1}.log`),
    }
    const answered = await askProgram(rooms, task, answerFile, signal)
    if (typeof answered === 'string') return failed(name, answered)
    return { answer: answered.answer, explanation: `${name}: ${answered.explanation}` }
  } catch (error) {
    if (error instanceof RefitError) return failed(name, error.message)
    throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function failed(name: string, reason: string): CheckAnswer {
  return { answer: 'failed', explanation: `${name} did not answer: ${reason.replace(/\.?$/, '.')}` }
}

/** What the check is told, besides its parameters. docs/rollouts.md is its public form. */
function factsOf({ model, version, champion, step }: Rollout, { requests, comparisons }: Grounds): Omit<RolloutContext, 'parameters'> & { readonly formatVersion: 1 } {
  return { formatVersion: 1, model, version, champion, step: step + 1, requests, comparisons }
}

async function programOf({ childEntry, projectFolder }: CheckRooms, { run }: OwnRule, folder: string): Promise<{ readonly command: string; readonly arguments: readonly string[] }> {
  if ('command' in run) {
    const [command = '', ...rest] = run.command
    return { command, arguments: rest }
  }
  const bundle = join(folder, 'check.mjs')
  await bundleModule(projectFolder, run.module, bundle, { banner: withRequire })
  return { command: process.execPath, arguments: ['--enable-source-maps', fileURLToPath(childEntry), bundle] }
}
