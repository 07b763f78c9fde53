import { Option, type Command } from 'commander'
import { positiveInteger } from '../arguments.js'
import { contextOf, modelOrOnly } from '../context.js'
import { ago, count, size } from '../figures.js'
import { dropWord } from '../outcome-words.js'
import { table } from '../terminal.js'

const states = ['recorded', 'ingested', 'quarantined', 'discarded', 'superseded', 'withdrawn']

export function addDrops(program: Command): void {
  program
    .command('drops [model]')
    .description('what arrived and what became of it; with --drop one drop, its faults and snapshots')
    .addOption(new Option('--state <state>', 'only drops in this state').choices(states))
    .option('--drop <id>', 'one drop, whole')
    .option('--limit <n>', 'how many', positiveInteger, 20)
    .option('--before <drop>', 'only drops older than this one')
    .action(async (named: string | undefined, options: { state?: string; drop?: string; limit: number; before?: string }, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const { paint } = terminal
      const api = await connect()
      if (options.drop !== undefined) {
        const drop = await api.drop(options.drop)
        if (terminal.json) {
          terminal.document(drop)
          return
        }
        terminal.line(`${dropWord(paint, drop.state)}  ${paint.bold(drop.key)}  ${paint.dim(`${drop.id}, ${size(drop.bytes)}, ${ago(drop.recordedAt, Date.now())} from ${drop.source}`)}`)
        if (drop.rows !== undefined) terminal.line(`  ${count(drop.rows)} rows${drop.oldest === undefined ? '' : `, ${drop.oldest} to ${drop.newest ?? ''}`}`)
        if (drop.faults === undefined && drop.reason !== undefined) terminal.line(`  ${drop.reason}`)
        for (const fault of drop.faults ?? []) {
          terminal.line(`  ${paint.red('✗')} ${fault.message}`)
          for (const sample of fault.samples ?? []) terminal.line(paint.dim(`      row ${sample.row}: ${JSON.stringify(sample.value)}`))
        }
        if (drop.state === 'quarantined') terminal.line(`  Deliver the file mended; or change the columns, start Refit anew, and \`refit upload ${drop.model} <file>\`.`)
        if (drop.run !== undefined) terminal.line(`  read by ${drop.run}`)
        terminal.line(`  in ${drop.snapshots.length} ${drop.snapshots.length === 1 ? 'snapshot' : 'snapshots'}${drop.snapshots.map((digest) => ` ${digest.slice(0, 12)}`).join('')}`)
        return
      }
      const model = await modelOrOnly(api, named)
      const list = await api.drops(model, { state: options.state, limit: options.limit, before: options.before })
      if (terminal.json) {
        terminal.document(list)
        return
      }
      const now = Date.now()
      const rows = list.drops.map((drop) => [
        drop.id,
        drop.key,
        dropWord(paint, drop.state),
        drop.rows === undefined ? '' : count(drop.rows).padStart(7),
        ago(drop.recordedAt, now),
        drop.run ?? '',
        drop.reason ?? '',
      ])
      if (rows.length === 0) terminal.line('No such drop.')
      else for (const line of table(terminal, ['drop', 'name', 'state', '   rows', 'arrived', 'run', 'reason'], rows)) terminal.line(line)
      if (list.before !== undefined) terminal.line(terminal.paint.dim(`Older ones: refit drops ${model} --before ${list.before}`))
    })
}
