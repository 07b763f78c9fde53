import type { Command } from 'commander'
import { versionNumber } from '../arguments.js'
import { contextOf } from '../context.js'
import { followRequested } from '../follow-run.js'
import { reportIntoService } from '../move-report.js'

export function addPromote(program: Command): void {
  program
    .command('promote')
    .description('check a version beside the champion on the data of today, and make it champion if it passes')
    .argument('<model>')
    .argument('<version>', 'number of the version', versionNumber)
    .option('--force', 'put it into service whatever its verdict says; needs --reason')
    .option('--at-once', 'with --force: without the rollout that its model has')
    .option('--reason <text>', 'why, for the event log')
    .option('--no-wait', 'only ask for the check')
    .action(async (model: string, version: number, options: { force?: boolean; atOnce?: boolean; reason?: string; wait: boolean }, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      if (options.force === true) reportIntoService(terminal, await api.forcePromotion(model, version, options.reason, options.atOnce === true))
      else process.exitCode = await followRequested(api, terminal, await api.requestPromotion(model, version, options.reason), options.wait)
    })
}
