import { Option, type Command } from 'commander'
import { positiveInteger } from '../arguments.js'
import { contextOf, modelOrOnly } from '../context.js'
import { decisionReport, dropReport, dropTable } from '../drop-report.js'

const states = ['recorded', 'ingested', 'quarantined', 'discarded', 'superseded', 'withdrawn']

const decisions = [
  { kind: 'release', description: 'take drops out of quarantine although they break the contract, where that can be waived' },
  { kind: 'discard', description: 'leave drops out that wait or are in quarantine' },
  { kind: 'withdraw', description: 'take drops out of the history; names the versions that were made from them' },
  { kind: 'restore', description: 'have drops read again that were discarded, withdrawn or quarantined' },
] as const

export function addDrops(program: Command): void {
  const drops = program
    .command('drops [model]')
    .description('what arrived and what became of it; with --drop one drop, its faults and history; decide about drops')
    .addOption(new Option('--state <state>', 'only drops in this state').choices(states))
    .option('--drop <id>', 'one drop, whole')
    .option('--limit <n>', 'how many', positiveInteger, 20)
    .option('--before <drop>', 'only drops older than this one')
    .action(async (named: string | undefined, options: { state?: string; drop?: string; limit: number; before?: string }, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      const print = (lines: readonly string[]): void => {
        for (const line of lines) terminal.line(line)
      }
      if (options.drop !== undefined) {
        const drop = await api.drop(options.drop)
        if (terminal.json) terminal.document(drop)
        else print(dropReport(terminal, drop, Date.now()))
        return
      }
      const model = await modelOrOnly(api, named)
      const list = await api.drops(model, { state: options.state, limit: options.limit, before: options.before })
      if (terminal.json) terminal.document(list)
      else print(dropTable(terminal, model, list, Date.now(), options.state === undefined ? '' : ` --state ${options.state}`))
    })
  for (const { kind, description } of decisions) {
    const command = drops
      .command(`${kind} <drops...>`)
      .description(description)
      .requiredOption('--reason <text>', 'why; kept with the drop and in the event log')
      .action(async (named: readonly string[], { reason, repair = false }: { reason: string; repair?: boolean }, action: Command) => {
        const { terminal, connect } = contextOf(action)
        const decided = await (await connect()).decideDrops({ kind, drops: [...named], reason, ...(repair ? { repair } : {}) })
        if (terminal.json) terminal.document(decided)
        else for (const line of decisionReport(terminal, kind, decided)) terminal.line(line)
      })
    if (kind === 'withdraw') command.option('--repair', 'also put a version into service that saw none of them, and start a run')
  }
}
