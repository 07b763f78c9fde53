import { setTimeout as delay } from 'node:timers/promises'
import { processesWithToken } from './proc.js'

const GRACE_MS = 2000
const POLL_MS = 20
const ROUNDS = 50

/**
 * Ends every process whose token satisfies `matches`: asks first, then kills, and looks again until none is left, for
 * a process may start another while it is being ended. Returns how many were ended.
 */
export async function endProcesses(matches: (token: string) => boolean, graceMilliseconds = GRACE_MS): Promise<number> {
  const ended = new Set<number>()
  const asked = await processesWithToken(matches)
  for (const pid of asked) {
    ended.add(pid)
    sendSignal(pid, 'SIGTERM')
  }
  const deadline = Date.now() + graceMilliseconds
  let left = asked
  while (left.length > 0 && Date.now() < deadline) {
    await delay(POLL_MS)
    left = await processesWithToken(matches)
  }
  for (let round = 0; left.length > 0 && round < ROUNDS; round += 1) {
    for (const pid of left) {
      ended.add(pid)
      sendSignal(pid, 'SIGKILL')
    }
    await delay(POLL_MS)
    left = await processesWithToken(matches)
  }
  return ended.size
}

/** Kills what is left of a process group. Waits a little, for what nobody reaps stays listed. */
export async function endGroup(leader: number): Promise<void> {
  for (let round = 0; round < ROUNDS && groupExists(leader); round += 1) {
    sendSignal(-leader, 'SIGKILL')
    await delay(POLL_MS)
  }
}

function groupExists(leader: number): boolean {
  try {
    process.kill(-leader, 0)
    return true
  } catch {
    return false
  }
}

/** Sends a signal to a process; it may have ended meanwhile. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended.
  }
}
