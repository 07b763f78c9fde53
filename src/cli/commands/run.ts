import type { Command } from 'commander'
import { contextOf, modelOrOnly } from '../context.js'
import { followRequested } from '../follow-run.js'

export function addRun(program: Command): void {
  program
    .command('run [model]')
    .description('ask for a run, follow its stages, end with the verdict in words')
    .option('--force', 'run even if nothing has changed since the last verdict')
    .option('--reason <text>', 'why, for the event log')
    .option('--no-wait', 'only ask for it')
    .action(async (named: string | undefined, options: { force?: boolean; reason?: string; wait: boolean }, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      const model = await modelOrOnly(api, named)
      const { run, coalesced } = await api.requestRun(model, { force: options.force === true, reason: options.reason })
      process.exitCode = await followRequested(api, terminal, { run, coalesced }, options.wait)
    })
}
