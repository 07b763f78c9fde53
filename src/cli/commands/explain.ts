import type { Command } from 'commander'
import { versionNumber } from '../arguments.js'
import { contextOf } from '../context.js'
import { explainReport } from '../explain-report.js'
import { findVersion } from '../version-elsewhere.js'

export function addExplain(program: Command): void {
  program
    .command('explain')
    .description('why a version is there, and why it serves or does not: its verdicts, who has decided what, what it was made from')
    .argument('<model>', 'a model, which stands for its champion, or <model>@<version>')
    .argument('[version]', 'number of the version', versionNumber)
    .action(async (named: string, version: number | undefined, _options, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      const { model, number } = version === undefined ? await findVersion(api, named) : { model: named, number: version }
      const explanation = await api.explanation(model, number)
      if (terminal.json) terminal.document(explanation)
      else for (const line of explainReport(terminal, explanation, Date.now())) terminal.line(line)
    })
}
