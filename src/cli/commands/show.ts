import type { Command } from 'commander'
import { contextOf, runOrNewest } from '../context.js'
import { runReport } from '../run-report.js'

export function addShow(program: Command): void {
  program
    .command('show <run>')
    .description("one run on one screen: why it ended so, and what to do next; a model's name stands for its newest run")
    .action(async (named: string, _options, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      const run = await api.run(await runOrNewest(api, named))
      if (terminal.json) terminal.document(run)
      else for (const line of runReport(terminal, run, Date.now())) terminal.line(line)
    })
}
