import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { startTimeOf } from '../../src/processes/proc.js'

const DEADLINE_MS = 20_000
const POLL_MS = 10

/** Ids of the processes whose parent is `pid`. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const parents = await Promise.all(ids.map(parentOf))
  return ids.filter((_, index) => parents[index] === pid)
}

/** Kills processes at once and comes back when all have gone. Ids of processes that have ended are passed over. */
export async function killNow(pids: readonly number[]): Promise<void> {
  const starts = await Promise.all(pids.map(startTimeOf))
  for (const [index, pid] of pids.entries()) if (starts[index] !== undefined) send(pid)
  const deadline = Date.now() + DEADLINE_MS
  for (const [index, pid] of pids.entries()) {
    while (starts[index] !== undefined && (await startTimeOf(pid)) === starts[index]) {
      if (Date.now() > deadline) throw new Error(`process ${pid} has outlived a SIGKILL`)
      await delay(POLL_MS)
    }
  }
}

function send(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}

async function parentOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return stat === undefined ? undefined : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}
