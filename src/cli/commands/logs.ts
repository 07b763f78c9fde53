import type { Command } from 'commander'
import { contextOf, runOrNewest } from '../context.js'

export function addLogs(program: Command): void {
  program
    .command('logs <run>')
    .description("what a run's processes wrote; a model's name stands for its newest run")
    .option('--stage <stage>', 'only this stage')
    .option('-f, --follow', 'go on until the run ends')
    .action(async (named: string, options: { stage?: string; follow?: boolean }, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      const run = await runOrNewest(api, named)
      const log = await api.log(run, { stage: options.stage, follow: options.follow })
      const decoder = new TextDecoder()
      let rest = ''
      for await (const chunk of log) {
        const text = decoder.decode(chunk, { stream: true })
        if (!terminal.json) terminal.write(text)
        else {
          const lines = (rest + text).split('\n')
          rest = lines.pop() ?? ''
          for (const line of lines) terminal.record({ run, line })
        }
      }
      if (rest !== '') terminal.record({ run, line: rest })
    })
}
