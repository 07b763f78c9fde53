import type { Command } from 'commander'
import type { DefinitionRecord, PreviewedModel } from '../../api/wire/definition.js'
import { refitError } from '../../errors.js'
import { evaluateProject } from '../../roles/evaluate-project.js'
import { changeLines } from '../change-lines.js'
import { contextOf } from '../context.js'
import { ago } from '../figures.js'
import type { Terminal } from '../terminal.js'

export function addDiff(program: Command): void {
  program
    .command('diff [model]')
    .description('what the project file would change at the next `refit up`, and what the last change was')
    .action(async (named: string | undefined, _options, command: Command) => {
      const { terminal, connect, project, environment } = contextOf(command)
      const api = await connect()
      const { project: written } = await evaluateProject(project(), new AbortController().signal, environment)
      const previewed = (await api.previewDefinitions(written.models)).filter(({ model }) => named === undefined || model === named)
      if (named !== undefined && previewed.length === 0) throw refitError('not-found', { what: `model "${named}"` })
      const models = await Promise.all(previewed.map(async (each) => ({ ...each, last: each.becomes === 'new' ? undefined : lastChange(await api.definitions(each.model)) })))
      if (terminal.json) {
        terminal.document({ models })
        return
      }
      for (const { last, ...each } of models) for (const line of modelLines(terminal, each, last)) terminal.line(line)
    })
}

function lastChange(definitions: readonly DefinitionRecord[]): DefinitionRecord | undefined {
  return definitions.find(({ changes }) => changes.length > 0)
}

function modelLines(terminal: Terminal, { model, becomes, startsRun, ...difference }: PreviewedModel, last: DefinitionRecord | undefined): readonly string[] {
  const { paint } = terminal
  const lines = [`${paint.bold(model)}  ${words[becomes]}`]
  if (becomes === 'changed') {
    lines.push(...changeLines(terminal, difference))
    lines.push(`  ${paint.dim(`\`refit up\` registers it${startsRun ? ', and asks for a run' : ''}.`)}`)
  }
  if (last !== undefined) lines.push(`  ${paint.dim(`last changed ${ago(last.at, Date.now())}:`)}`, ...changeLines(terminal, last))
  return lines
}

const words = {
  new: 'is new',
  changed: 'differs from what runs',
  same: 'is as it runs',
  removed: 'would be taken out; its history stays',
} as const
