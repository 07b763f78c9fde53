import type { Command } from 'commander'
import { contextOf } from '../context.js'

export function addRetire(program: Command): void {
  program
    .command('retire <model>')
    .description("end a model's life: no more runs, and its endpoint says why; versions and history stay")
    .requiredOption('--reason <text>', 'why; kept, and told to whoever asks the endpoint')
    .option('--undo', 'take it back: the champion of before serves again')
    .action(async (model: string, options: { reason: string; undo?: true }, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const { paint } = terminal
      const api = await connect()
      const answer = options.undo === true ? await api.unretire(model, options.reason) : await api.retire(model, options.reason)
      if (terminal.json) terminal.document(answer)
      else if (!answer.retired) terminal.line(`${paint.green('✓')} ${model} is back in life.`)
      else {
        const { cancelled } = answer
        const ended = cancelled.length === 0 ? '' : ` ${cancelled.join(' and ')} ${cancelled.length === 1 ? 'is' : 'are'} cancelled.`
        terminal.line(`${paint.green('✓')} ${model} is retired: nothing starts any more, and its endpoint says so.${ended}`)
      }
    })
}
