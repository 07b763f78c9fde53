import { readlink } from 'node:fs/promises'
import { endProcesses } from '../../processes/end.js'
import { processesWithToken, startTimeOf, TOKEN_VARIABLE } from '../../processes/proc.js'

/**
 * What the token of workers begins with whose Refit carries none itself, as serving does. The rest names that process for
 * good: its namespace, for ids are counted in each, its id, and when it started.
 */
const PREFIX = 'refit-python'

/** The token that workers of this process carry: its own, so that they end with it, or one by which they are found. */
export async function workerToken(): Promise<string> {
  const own = process.env[TOKEN_VARIABLE]
  if (own !== undefined) return own
  return [PREFIX, await namespace(), process.pid, (await startTimeOf(process.pid)) ?? ''].join('/')
}

/**
 * Ends the workers, and what they have started, of every Refit on this machine that has died. A worker ends with its Refit by
 * itself; its own children may not. Returns how many were ended.
 */
export async function endOrphans(): Promise<number> {
  const present = await namespace()
  const owners = new Map<string, boolean>()
  const tokens = new Set<string>()
  await processesWithToken((token) => {
    if (token.startsWith(`${PREFIX}/${present}/`)) tokens.add(token)
    return false
  })
  for (const token of tokens) {
    const [, , pid, start] = token.split('/')
    owners.set(token, (await startTimeOf(Number(pid))) === start)
  }
  const orphaned = [...owners].flatMap(([token, lives]) => (lives ? [] : [token]))
  return orphaned.length === 0 ? 0 : endProcesses((token) => orphaned.includes(token))
}

async function namespace(): Promise<string> {
  return readlink('/proc/self/ns/pid').catch(() => 'unknown')
}
