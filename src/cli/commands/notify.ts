import type { Command } from 'commander'
import { contextOf } from '../context.js'
import { exitCodes } from '../exit-codes.js'

export function addNotify(program: Command): void {
  const notify = program.command('notify').description('those whom the project tells of what happens; `notify test` tries them')
  notify
    .command('test')
    .description('send a real message to each of them, and say what became of it')
    .option('--target <name>', 'only to this one')
    .action(async (options: { target?: string }, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      const { targets } = await api.testNotificationTargets(options.target)
      const missed = targets.filter(({ taken }) => !taken).length
      if (missed > 0) process.exitCode = exitCodes.error
      if (terminal.json) {
        terminal.document({ targets })
        return
      }
      const { paint } = terminal
      if (targets.length === 0) terminal.line('The project tells nobody: `notify` in refit.config.ts names who is told.')
      for (const { target, kind, taken, detail } of targets) terminal.line(`${taken ? paint.green('✓') : paint.red('✗')} ${paint.bold(target)}${target === kind ? '' : ` ${paint.dim(kind)}`}  ${detail}`)
    })
}
