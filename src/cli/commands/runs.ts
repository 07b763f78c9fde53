import type { Command } from 'commander'
import { contextOf } from '../context.js'
import { ago, duration } from '../figures.js'
import { causeWords, outcomeWord } from '../outcome-words.js'
import { positiveInteger } from '../arguments.js'
import { table } from '../terminal.js'

export function addRuns(program: Command): void {
  program
    .command('runs [model]')
    .description('runs, the newest first')
    .option('--limit <n>', 'how many', positiveInteger, 20)
    .option('--before <run>', 'only runs older than this one')
    .action(async (model: string | undefined, options: { limit: number; before?: string }, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      const list = await api.runs({ model, limit: options.limit, before: options.before })
      if (terminal.json) {
        terminal.document(list)
        return
      }
      const now = Date.now()
      const rows = list.runs.map((run) => [
        run.id,
        outcomeWord(terminal.paint, run),
        run.headline?.text ?? '',
        ago(run.startedAt ?? run.createdAt, now),
        run.startedAt === undefined ? '' : duration((run.endedAt === undefined ? now : Date.parse(run.endedAt)) - Date.parse(run.startedAt)),
        causeWords(run),
      ])
      if (rows.length === 0) terminal.line('No run yet.')
      else for (const line of table(terminal, ['run', 'outcome', 'candidate vs champion', 'started', 'took', 'cause'], rows)) terminal.line(line)
      if (list.before !== undefined) terminal.line(terminal.paint.dim(`Older ones: refit runs${model === undefined ? '' : ` ${model}`} --before ${list.before}`))
    })
}
