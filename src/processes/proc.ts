import { readdir, readFile } from 'node:fs/promises'

/**
 * What Linux tells of running processes. Every process that Refit starts carries REFIT_PROCESS in its environment, and
 * so does whatever it starts: that is how descendants are found, however they detach themselves.
 */
export const TOKEN_VARIABLE = 'REFIT_PROCESS'

/** Ids of the living processes whose token satisfies `matches`. On systems without /proc there are none. */
export async function processesWithToken(matches: (token: string) => boolean): Promise<readonly number[]> {
  const found = await Promise.all((await processIds()).map(async (pid) => ({ pid, token: await tokenOf(pid) })))
  return found.flatMap(({ pid, token }) => (token !== undefined && pid !== process.pid && matches(token) ? [pid] : []))
}

/** Resident memory of processes together, bytes; pages shared with others are counted once for each. */
export async function residentBytes(pids: readonly number[]): Promise<number> {
  const sizes = await Promise.all(pids.map(residentBytesOf))
  return sizes.reduce((sum, bytes) => sum + bytes, 0)
}

/**
 * When a living process started, in clock ticks since boot: with its id, it names a process for good. One that has
 * ended lives no more, also while its parent has not asked how; in some containers, nobody ever does.
 */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  const stat = await readProc(pid, 'stat')
  // The command's name, in parentheses, may hold anything; the fields are counted from behind it.
  const [state = '', ...fields] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
  return 'ZXx'.includes(state) ? undefined : fields[18]
}

async function processIds(): Promise<readonly number[]> {
  const names = await readdir('/proc').catch(() => [])
  return names.filter((name) => /^\d+$/.test(name)).map(Number)
}

async function tokenOf(pid: number): Promise<string | undefined> {
  const environment = await readProc(pid, 'environ')
  const variable = environment?.split('\0').find((entry) => entry.startsWith(`${TOKEN_VARIABLE}=`))
  return variable?.slice(TOKEN_VARIABLE.length + 1)
}

async function residentBytesOf(pid: number): Promise<number> {
  const status = await readProc(pid, 'status')
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(status ?? '')?.[1]
  return kilobytes === undefined ? 0 : Number(kilobytes) * 1024
}

/** A process may end, or belong to somebody else, while it is looked at. */
async function readProc(pid: number, file: string): Promise<string | undefined> {
  try {
    return await readFile(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return undefined
  }
}
