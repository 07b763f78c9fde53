import type { Command } from 'commander'
import { contextOf } from '../context.js'
import { reportIntoService } from '../move-report.js'

export function addApprove(program: Command): void {
  program
    .command('approve <run>')
    .description('put the version that a run left waiting into service, or --decline it')
    .option('--decline', 'keep the champion')
    .option('--anyway', 'although another version has become champion since the check, or a drop of it has been withdrawn')
    .option('--reason <text>', 'why, for the event log')
    .action(async (id: string, options: { decline?: boolean; anyway?: boolean; reason?: string }, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      if (options.decline !== true) {
        reportIntoService(terminal, await api.approve(id, { reason: options.reason, anyway: options.anyway === true }))
        return
      }
      const run = await api.decline(id, options.reason)
      if (terminal.json) terminal.document(run)
      else terminal.line(`${terminal.paint.green('✓')} ${run.explanation ?? `${run.id} declined.`} The champion stays.`)
    })
}
