import type { Command } from 'commander'
import type { Client } from '../client.js'
import { contextOf, modelOrOnly } from '../context.js'
import { exitCodeOf, exitCodes } from '../exit-codes.js'
import { startRunProgress } from '../run-progress.js'
import { verdictWords } from '../run-report.js'
import type { Terminal } from '../terminal.js'

export function addRun(program: Command): void {
  program
    .command('run [model]')
    .description('ask for a run, follow its stages, end with the verdict in words')
    .option('--force', 'run even if nothing has changed since the last verdict')
    .option('--reason <text>', 'why, for the event log')
    .option('--no-wait', 'only ask for it')
    .action(async (named: string | undefined, options: { force?: boolean; reason?: string; wait: boolean }, command: Command) => {
      const { terminal, connect } = contextOf(command)
      const api = await connect()
      const model = await modelOrOnly(api, named)
      const { run, coalesced } = await api.requestRun(model, { force: options.force === true, reason: options.reason })
      if (!options.wait) {
        if (terminal.json) terminal.document({ run, coalesced })
        else terminal.line(`${run.id} ${coalesced ? 'waited already; the request fell into it' : 'asked for'}. \`refit show ${run.id}\` tells how it goes.`)
        return
      }
      if (!terminal.json) terminal.line(`${terminal.paint.bold(run.id)}${coalesced ? terminal.paint.dim('  waited already; the request fell into it') : ''}`)
      process.exitCode = await followRun(api, terminal, run.id)
    })
}

/** Shows a run until it has ended, then its verdict; returns the exit code. Ctrl-C leaves the run alone. */
async function followRun(api: Client, terminal: Terminal, id: string): Promise<number> {
  const stopped = new AbortController()
  const interrupt = (): void => stopped.abort()
  process.once('SIGINT', interrupt)
  const progress = startRunProgress(terminal)
  const ended = new AbortController()
  const log = terminal.interactive ? tellLog(api, id, (line) => progress.tell(line), ended.signal) : undefined
  try {
    for await (const event of api.follow({ run: id, after: 'start' }, stopped.signal)) {
      progress.show(event)
      if (event.kind === 'run.ended') break
    }
  } finally {
    ended.abort()
    await log
    progress.end()
    process.removeListener('SIGINT', interrupt)
  }
  if (stopped.signal.aborted) {
    terminal.note(`The run goes on; \`refit show ${id}\` tells how, \`refit cancel ${id}\` ends it.`)
    return exitCodes.interrupted
  }
  const run = await api.run(id)
  if (terminal.json) terminal.record(run)
  else for (const line of ['', ...verdictWords(terminal, run)]) terminal.line(line)
  return run.outcome === undefined ? exitCodes.error : exitCodeOf(run.outcome)
}

/** Tells each line that the processes of a run write. It is only shown beside the stage under way: without it, nothing is missing. */
async function tellLog(api: Client, id: string, tell: (line: string) => void, signal: AbortSignal): Promise<void> {
  try {
    const decoder = new TextDecoder()
    let rest = ''
    for await (const chunk of await api.log(id, { follow: true }, signal)) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) tell(line)
    }
  } catch {
    // The events tell what matters, and that control is gone.
  }
}
