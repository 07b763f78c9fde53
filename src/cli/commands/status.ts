import type { Command } from 'commander'
import type { ModelSummary } from '../../api/wire/model.js'
import type { NotificationTargets } from '../../api/wire/notification.js'
import { changeLines } from '../change-lines.js'
import { contextOf } from '../context.js'
import { ago } from '../figures.js'
import { outcomeWord } from '../outcome-words.js'
import { rolloutLine } from '../rollout-report.js'
import type { Terminal } from '../terminal.js'

export function addStatus(program: Command): void {
  program
    .command('status')
    .description('what serves, what runs and what waits')
    .action(async (_options, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      const [project, models, notifications] = await Promise.all([api.project(), api.models(), api.notificationTargets()])
      if (terminal.json) {
        terminal.document({ url: api.url, project, models, notifications })
        return
      }
      const { paint } = terminal
      const now = Date.now()
      terminal.line(`${paint.green('●')} ${paint.bold(project.folder)}${project.environment === undefined ? '' : `  ${paint.bold(project.environment)}`}  ${paint.dim(`started ${ago(project.startedAt, now)}, Refit ${project.refit}`)}`)
      terminal.line(`  ${paint.dim('control')} ${api.url}   ${paint.dim('serving')} ${project.servingUrl ?? paint.yellow('not up')}`)
      if (models.length === 0) terminal.line('  The project defines no model yet.')
      for (const model of models) {
        terminal.line()
        for (const line of modelLines(terminal, model, now)) terminal.line(line)
      }
      if (notifications.length > 0) terminal.line()
      for (const target of notifications) terminal.line(targetLine(terminal, target, now))
    })
}

function modelLines(terminal: Terminal, model: ModelSummary, now: number): readonly string[] {
  const { paint } = terminal
  const { champion, active, waiting, lastEnded, waitingDrops, quarantinedDrops, sourceFailure, retired, changed } = model
  const lines = [`${paint.bold(model.name)}  ${paint.dim(`${model.task} of ${model.target}`)}`]
  if (retired !== undefined) lines.push(`  ${paint.yellow('retired')}  ${retired.reason}  ${paint.dim(`by ${retired.by}, ${ago(retired.at, now)}`)}`)
  else if (champion === undefined) lines.push(`  serves   ${paint.yellow('nothing yet')}`)
  else {
    const metric = champion.metric === undefined ? '' : `  ${champion.metric.text}${champion.checkedByProxy === undefined ? '' : ' (checked by proxy)'}`
    lines.push(`  serves   version ${champion.version}${metric}  ${paint.dim(`since ${ago(champion.since, now)}`)}`)
  }
  if (model.rollout !== undefined) lines.push(`  rollout  ${rolloutLine(paint, model.rollout)}`)
  if (active !== undefined) lines.push(`  now      ${outcomeWord(paint, active)} ${active.id}`)
  if (waiting !== undefined) lines.push(`  next     ${outcomeWord(paint, waiting)} ${waiting.id}`)
  if (lastEnded !== undefined) {
    lines.push(`  last     ${outcomeWord(paint, lastEnded)} ${lastEnded.id}  ${lastEnded.headline?.text ?? ''}  ${paint.dim(ago(lastEnded.endedAt ?? lastEnded.createdAt, now))}`)
  }
  if (champion?.withdrawnDrops !== undefined) lines.push(`  ${paint.yellow('!')}        version ${champion.version} was made from what is withdrawn since: ${champion.withdrawnDrops.join(', ')}`)
  if (sourceFailure !== undefined) lines.push(`  ${paint.red('✗')}        ${sourceFailure.message}`)
  if (waitingDrops > 0) lines.push(`  drops    ${waitingDrops} ${waitingDrops === 1 ? 'waits' : 'wait'} for a run`)
  if (quarantinedDrops > 0) lines.push(`  ${paint.red('✗')}        ${quarantinedDrops} in quarantine: \`refit drops ${model.name} --state quarantined\``)
  if (changed !== undefined && retired === undefined) lines.push(`  changed  since ${changed.since}:`, ...changeLines(terminal, changed))
  return lines
}

function targetLine({ paint }: Terminal, { name, waiting, failure, givenUp, lastGivenUp, lastSentAt }: NotificationTargets['targets'][number], now: number): string {
  const parts = [lastSentAt === undefined ? 'nothing told yet' : `told ${ago(lastSentAt, now)}`]
  if (waiting > 0) parts.push(failure === undefined ? `${waiting} to be sent` : paint.yellow(`${waiting} ${waiting === 1 ? 'waits' : 'wait'}: ${failure}`))
  if (lastGivenUp !== undefined) parts.push(paint.red(`${givenUp} given up, last ${ago(lastGivenUp.at, now)}: ${lastGivenUp.failure}`))
  return `  ${paint.dim('tells')}    ${name}  ${parts.join(' · ')}`
}
