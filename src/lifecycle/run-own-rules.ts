import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ownRuleName } from '../define/own-rule.js'
import type { OwnRule } from '../define/stored-definition.js'
import type { RuleResult, Verdict } from '../evaluation/verdict.js'
import type { Task } from '../executors/executor.js'
import { predictorEnvironment } from '../predictors/predictor-environment.js'
import { basicEnvironment } from '../processes/run-process.js'
import type { Attempt } from '../workflow/stage.js'
import type { ChampionFacts } from './check-candidate.js'
import { attemptLog } from './folders.js'
import type { Ingested } from './ingested.js'
import { askProgram } from './own-answer.js'
import type { LifecycleRun, Rooms } from './run.js'

/** What the rules are given. The packages have been verified, and candidate and champion have answered. */
export interface OwnRuleCase {
  readonly rules: readonly OwnRule[]
  /** Of the attempt, for scratch files. */
  readonly folder: string
  readonly rowsFolder: string
  readonly candidateFolder: string
  readonly champion: ChampionFacts | undefined
  /** What the other rules have found. */
  readonly verdict: Verdict
}

/**
 * Runs the rules of the user's own, each as a process with the limits of the check. One that throws, hangs, dies, does not
 * start or answers nonsense fails the candidate, with that reason: a check that did not happen was not passed.
 */
export async function runOwnRules(rooms: Rooms, run: LifecycleRun, data: Ingested, input: OwnRuleCase, attempt: Attempt): Promise<readonly RuleResult[]> {
  const results: RuleResult[] = []
  // One after another: what ends a process ends all that carry its token.
  for (const [index, rule] of input.rules.entries()) results.push(await runOwnRule(rooms, run, data, input, rule, join(input.folder, `rule-${index}`), attempt))
  return results
}

async function runOwnRule(rooms: Rooms, run: LifecycleRun, data: Ingested, input: OwnRuleCase, rule: OwnRule, folder: string, attempt: Attempt): Promise<RuleResult> {
  await mkdir(folder, { recursive: true })
  const answerFile = join(folder, 'answer.json')
  const logFile = attemptLog(rooms.stateFolder, attempt.run, attempt.stage, attempt.number)
  const { limits } = run.definition
  const failed = (reason: string): RuleResult => ({ rule, origin: 'definition', answer: 'failed', explanation: `${ownRuleName(rule)} did not answer: ${reason.replace(/\.?$/, '.')}` })
  const task: Task = {
    ...(await programOf(rooms, data, rule)),
    environment: { ...basicEnvironment(), ...predictorEnvironment(rooms.projectFolder), ...(await ruleEnvironment(run, input, rule, folder, answerFile)) },
    workingFolder: rooms.projectFolder,
    token: attempt.token,
    limits: { milliseconds: limits.trainMilliseconds, memoryBytes: limits.trainMemoryBytes },
    logFile,
  }
  const answered = await askProgram(rooms, task, answerFile, attempt.signal)
  if (typeof answered === 'string') return failed(answered)
  const { answer, explanation, figures } = answered
  return { rule, origin: 'definition', answer, explanation: `${ownRuleName(rule)}: ${explanation}`, ...(figures === undefined ? {} : { figures }) }
}

async function programOf(rooms: Rooms, data: Ingested, { run }: OwnRule): Promise<Pick<Task, 'command' | 'arguments'>> {
  if ('command' in run) {
    const [command = '', ...rest] = run.command
    return { command, arguments: rest }
  }
  const kept = data.rules?.[run.module]
  if (kept === undefined) throw new Error(`no bundle of ${run.module}`)
  return { command: process.execPath, arguments: ['--enable-source-maps', fileURLToPath(rooms.childEntries.rule), await rooms.objects.localPath(kept.object)] }
}

/** The environment of a rule. docs/own-rules.md is its public form. */
async function ruleEnvironment(run: LifecycleRun, input: OwnRuleCase, rule: OwnRule, folder: string, answerFile: string): Promise<Record<string, string>> {
  const { candidateFolder, champion, rowsFolder, verdict } = input
  const target = Object.entries(run.definition.columns).find(([, { role }]) => role === 'target')?.[0] ?? ''
  const factsFile = join(folder, 'facts.json')
  const parametersFile = join(folder, 'parameters.json')
  await writeFile(factsFile, JSON.stringify({ formatVersion: 1, model: run.model, run: run.id, task: run.definition.task, target, verdict }))
  await writeFile(parametersFile, JSON.stringify(rule.parameters))
  return {
    REFIT_ROWS: rowsFolder,
    REFIT_CANDIDATE: candidateFolder,
    ...(champion === undefined || verdict.incomparable !== undefined ? {} : { REFIT_CHAMPION: champion.folder }),
    REFIT_FACTS: factsFile,
    REFIT_PARAMS: parametersFile,
    REFIT_ANSWER: answerFile,
    REFIT_TARGET: target,
    REFIT_TASK: run.definition.task,
  }
}
