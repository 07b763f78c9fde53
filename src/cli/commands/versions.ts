import type { Command } from 'commander'
import { positiveInteger } from '../arguments.js'
import { contextOf, modelOrOnly } from '../context.js'
import { ago } from '../figures.js'
import { headlineWords } from '../outcome-words.js'
import { table } from '../terminal.js'

export function addVersions(program: Command): void {
  program
    .command('versions [model]')
    .description('versions of a model, the newest first')
    .option('--limit <n>', 'how many', positiveInteger, 20)
    .action(async (named: string | undefined, options: { limit: number }, command: Command) => {
      const { terminal, client } = contextOf(command)
      const api = client()
      const model = await modelOrOnly(api, named)
      const versions = await api.versions(model, options.limit)
      if (terminal.json) {
        terminal.document({ versions })
        return
      }
      const { paint } = terminal
      const now = Date.now()
      const rows = versions.map((version) => [
        `${version.serves ? paint.green('●') : ' '} ${version.number}`,
        version.serves ? paint.green('serves') : version.state,
        headlineWords(version.headline),
        version.format,
        version.digest.slice(0, 12),
        ago(version.createdAt, now),
        version.run ?? '',
      ])
      if (rows.length === 0) terminal.line(`${model} has no version yet.`)
      else for (const line of table(terminal, ['version', 'state', 'metric', 'format', 'digest', 'made', 'run'], rows)) terminal.line(line)
    })
}
