import type { Command } from 'commander'
import { positiveInteger, versionNumber } from '../arguments.js'
import { contextOf, modelOrOnly } from '../context.js'
import { ago } from '../figures.js'
import { moveWords, originWords } from '../outcome-words.js'
import { table } from '../terminal.js'

export function addVersions(program: Command): void {
  program
    .command('versions [model]')
    .description('versions of a model, the newest first')
    .option('--limit <n>', 'how many', positiveInteger, 20)
    .option('--before <version>', 'only versions older than this one', versionNumber)
    .action(async (named: string | undefined, options: { limit: number; before?: number }, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      const model = await modelOrOnly(api, named)
      const list = await api.versions(model, { limit: options.limit, before: options.before })
      if (terminal.json) {
        terminal.document(list)
        return
      }
      const { paint } = terminal
      const now = Date.now()
      const rows = list.versions.map((version) => [
        `${version.serves ? paint.green('●') : ' '} ${version.number}`,
        version.serves ? paint.green('serves') : version.state,
        `${version.headline?.text ?? ''}${version.checkedByProxy === undefined ? '' : ' (checked by proxy)'}`,
        version.format,
        version.digest.slice(0, 12),
        ago(version.createdAt, now),
        version.run ?? '',
        version.served === undefined || version.served.cause === 'run' ? '' : moveWords(version.served),
        version.origin === undefined ? '' : originWords(version.origin),
      ])
      if (rows.length === 0) terminal.line(`${model} has no version yet.`)
      else for (const line of table(terminal, ['version', 'state', 'metric', 'format', 'digest', 'made', 'run', 'in service', 'brought'], rows)) terminal.line(line)
      if (list.before !== undefined) terminal.line(terminal.paint.dim(`Older ones: refit versions ${model} --before ${list.before}`))
    })
}
