import type { RolloutDetail, RolloutSummary } from '../api/wire/rollout.js'
import { ago, count, duration } from './figures.js'
import type { Terminal } from './terminal.js'

type Paint = Terminal['paint']

/** A rollout's state as one coloured word with its sign. */
function stateWord(paint: Paint, { state, waits }: Pick<RolloutSummary, 'state' | 'waits'>): string {
  switch (state) {
    case 'running':
      return waits ? paint.yellow('… waiting for traffic') : paint.cyan('● running')
    case 'paused':
      return paint.yellow('‖ paused')
    case 'live':
      return paint.green('✓ live')
    case 'rolled-back':
      return paint.red('✗ rolled back')
    case 'aborted':
      return paint.dim('- aborted')
  }
}

/** A rollout that is on, in one line. */
export function rolloutLine(paint: Paint, rollout: RolloutSummary): string {
  const { version, step, steps } = rollout
  return `${stateWord(paint, rollout)} version ${version}  step ${step} of ${steps.length}: ${steps[step - 1] ?? ''}`
}

/** A rollout with its steps and figures. */
export function rolloutReport({ paint }: Terminal, rollout: RolloutDetail, now: number): readonly string[] {
  const { id, version, champion, steps, step, explanation, startedAt, endedAt, actor, reason, elapsed, lasts, state } = rollout
  const isOn = state === 'running' || state === 'paused'
  const lines = [
    `${stateWord(paint, rollout)}  ${paint.bold(id)}  version ${version} beside version ${champion}`,
    `  ${paint.dim(`started ${ago(startedAt, now)} by ${actor}${reason === undefined ? '' : `: ${reason}`}${endedAt === undefined ? '' : `, ended ${ago(endedAt, now)}`}`)}`,
  ]
  if (explanation !== undefined) lines.push(`  ${explanation}`)
  for (const [index, text] of steps.entries()) {
    const seen = rollout.figures[index]
    const isPresent = isOn && index + 1 === step
    const mark = isPresent ? paint.cyan('▸') : seen === undefined ? paint.dim('·') : ' '
    lines.push(`  ${mark} ${index + 1}. ${text}${isPresent ? paint.dim(`  ${duration(elapsed)} of ${duration(lasts)}`) : ''}`)
    if (seen === undefined) continue
    const dropped = seen.dropped === 0 ? '' : `, ${count(seen.dropped)} not mirrored`
    lines.push(`       ${count(seen.requests.challenger)} requests, the champion ${count(seen.requests.champion)}${dropped}`)
    for (const { harmful, text: said } of seen.comparisons) lines.push(`       ${harmful ? paint.red('✗') : paint.green('✓')} ${said}`)
    if (seen.failed !== undefined) lines.push(`       ${paint.red('✗')} ${seen.failed}`)
  }
  return lines
}

/** Rollouts, one a line. */
export function rolloutTable({ paint }: Terminal, rollouts: readonly RolloutSummary[], now: number): readonly string[] {
  return rollouts.map((rollout) => `${stateWord(paint, rollout)}  ${paint.bold(rollout.id)}  version ${rollout.version}  ${paint.dim(ago(rollout.startedAt, now))}  ${rollout.explanation ?? ''}`)
}
