import type { Command } from 'commander'
import { positiveInteger } from '../arguments.js'
import { contextOf, modelOrOnly } from '../context.js'
import { rolloutLine, rolloutReport, rolloutTable } from '../rollout-report.js'

const orders = [
  { order: 'pause', description: 'leave the share of the traffic as it is; what does harm is rolled back all the same', done: 'is paused' },
  { order: 'resume', description: 'let a paused rollout go on', done: 'goes on' },
  { order: 'abort', description: 'end it: the champion has all traffic again', done: 'is aborted, and the champion has all traffic again' },
] as const

export function addRollout(program: Command): void {
  const rollout = program
    .command('rollout [model]')
    .description('how a version comes into traffic: its steps and what serving has seen of them; pause, resume or abort it')
    .option('--number <n>', 'a former one; default: the newest', positiveInteger)
    .option('--list', 'all of them, one a line')
    .action(async (named: string | undefined, options: { number?: number; list?: true }, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      const model = await modelOrOnly(api, named)
      const print = (lines: readonly string[]): void => {
        for (const line of lines) terminal.line(line)
      }
      if (options.list === true) {
        const list = await api.rollouts(model)
        if (terminal.json) terminal.document(list)
        else print(rolloutTable(terminal, list.rollouts, Date.now()))
        return
      }
      const number = options.number ?? (await api.rollouts(model, { limit: 1 })).rollouts[0]?.number
      if (number === undefined) {
        if (terminal.json) terminal.document({ rollouts: [] })
        else terminal.line(`No version of ${model} has been rolled out yet; \`deploy: canary({ … })\` in its definition asks for that.`)
        return
      }
      const found = await api.rollout(model, number)
      if (terminal.json) terminal.document(found)
      else print(rolloutReport(terminal, found, Date.now()))
    })
  for (const { order, description, done } of orders) {
    rollout
      .command(`${order} <model>`)
      .description(description)
      .requiredOption('--reason <text>', 'why; kept in the event log')
      .action(async (model: string, { reason }: { reason: string }, action: Command) => {
        const { terminal, connect } = contextOf(action)
        const ordered = await (await connect()).orderRollout(model, order, reason)
        if (terminal.json) terminal.document(ordered)
        else {
          terminal.line(`${terminal.paint.green('✓')} The rollout of version ${ordered.version} of ${model} ${done}.`)
          if (order !== 'abort') terminal.line(`  ${rolloutLine(terminal.paint, ordered)}`)
        }
      })
  }
}
