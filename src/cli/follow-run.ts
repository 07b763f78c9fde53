import type { RunRequested } from '../api/wire/run.js'
import type { Client } from './client.js'
import { exitCodeOf, exitCodes } from './exit-codes.js'
import { startRunProgress } from './run-progress.js'
import { verdictWords } from './run-report.js'
import type { Terminal } from './terminal.js'

/** Tells which run was asked for and, unless nobody waits for it, follows it to its end; returns the exit code. */
export async function followRequested(api: Client, terminal: Terminal, { run, coalesced }: RunRequested, wait: boolean): Promise<number> {
  if (!wait) {
    if (terminal.json) terminal.document({ run, coalesced })
    else terminal.line(`${run.id} ${coalesced ? 'waited already; the request fell into it' : 'asked for'}. \`refit show ${run.id}\` tells how it goes.`)
    return exitCodes.ok
  }
  if (!terminal.json) terminal.line(`${terminal.paint.bold(run.id)}${coalesced ? terminal.paint.dim('  waited already; the request fell into it') : ''}`)
  return followRun(api, terminal, run.id)
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
