import type { Command } from 'commander'
import { versionNumber } from '../arguments.js'
import { contextOf } from '../context.js'
import { reportMove } from '../move-report.js'

export function addPromote(program: Command): void {
  program
    .command('promote')
    .description('make a version champion by hand; without a passing verdict only with --force and --reason')
    .argument('<model>')
    .argument('<version>', 'number of the version', versionNumber)
    .option('--force', 'whatever its verdict says')
    .option('--reason <text>', 'why, for the event log')
    .action(async (model: string, version: number, options: { force?: boolean; reason?: string }, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      reportMove(terminal, await api.promote(model, version, { force: options.force === true, reason: options.reason }))
    })
}
