import type { Command } from 'commander'
import { contextOf } from '../context.js'

export function addCancel(program: Command): void {
  program
    .command('cancel <run>')
    .description('end a run with all its processes; the champion stays')
    .action(async (id: string, _options, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      const run = await api.cancel(id)
      if (terminal.json) terminal.document(run)
      else terminal.line(`${terminal.paint.green('✓')} ${run.state === 'ended' ? `${run.id} is cancelled.` : `${run.id} is asked to end.`}`)
    })
}
