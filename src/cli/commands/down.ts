import type { Command } from 'commander'
import { RefitError, refitError } from '../../errors.js'
import { startTimeOf } from '../../processes/proc.js'
import { endLeftovers } from '../../roles/leftovers.js'
import { contextOf } from '../context.js'
import type { Client } from '../client.js'

const DEADLINE_SECONDS = 60
const POLL_MS = 100

export function addDown(program: Command): void {
  program
    .command('down')
    .description("end control, serving and the project's own PostgreSQL")
    .option('--keep-serving', 'let serving go on answering; the next `refit up` adopts it')
    .action(async ({ keepServing = false }: { keepServing?: boolean }, command: Command) => {
      const { terminal, connect, stateFolder } = contextOf(command)
      const pid = await askToEnd(connect, keepServing)
      if (pid !== undefined) await untilEnded(pid)
      // A control server that was killed has left serving and PostgreSQL behind.
      const leftovers = pid === undefined && !keepServing && (await endLeftovers(await stateFolder()))
      const stopped = pid !== undefined || leftovers
      if (terminal.json) terminal.document({ stopped, ...(pid === undefined ? {} : { pid }) })
      else terminal.line(stopped ? `${terminal.paint.green('✓')} Refit has ended. A run under way goes on with the next \`refit up\`.` : 'Refit is not running.')
    })
}

/** The process that will end; undefined when nothing runs. */
async function askToEnd(connect: () => Promise<Client>, keepServing: boolean): Promise<number | undefined> {
  try {
    const api = await connect()
    return (await api.shutdown({ keepServing })).pid
  } catch (error) {
    if (error instanceof RefitError && error.code === 'control-not-running') return undefined
    throw error
  }
}

async function untilEnded(pid: number): Promise<void> {
  const deadline = Date.now() + DEADLINE_SECONDS * 1000
  const start = await startTimeOf(pid)
  // The start time tells a process from one that has ended and that nobody has asked after; not every system knows it.
  while (start === undefined ? isAlive(pid) : (await startTimeOf(pid)) === start) {
    if (Date.now() > deadline) throw refitError('stop-failed', { pid, seconds: DEADLINE_SECONDS })
    await new Promise((resolve) => {
      setTimeout(resolve, POLL_MS)
    })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process is alive too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
