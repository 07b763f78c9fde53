import type { Command } from 'commander'
import { versionNumber } from '../arguments.js'
import { contextOf, modelOrOnly } from '../context.js'
import { reportMove } from '../move-report.js'

export function addRollback(program: Command): void {
  program
    .command('rollback [model]')
    .description('go back to the version that served before, or with --to to one that has')
    .option('--to <version>', 'a version that has served before', versionNumber)
    .option('--reason <text>', 'why, for the event log')
    .action(async (named: string | undefined, options: { to?: number; reason?: string }, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      const model = await modelOrOnly(api, named)
      reportMove(terminal, await api.rollback(model, { to: options.to, reason: options.reason }))
    })
}
