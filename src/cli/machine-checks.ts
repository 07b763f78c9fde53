import { execFile } from 'node:child_process'
import { statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import { size } from './figures.js'

/** What `refit doctor` found about one thing. */
export interface Check {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
  /** What to do when it is not right. */
  readonly hint?: string
}

const OLDEST_NODE = [20, 19] as const
const LEAST_FREE_BYTES = 1e9
const COMMAND_TIMEOUT_MS = 10_000

export function nodeCheck(version = process.versions.node): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const ok = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])
  return { name: 'Node', ok, detail: version, ...(ok ? {} : { hint: `Refit needs Node ${OLDEST_NODE.join('.')} or newer: https://nodejs.org` }) }
}

/** Free space where the state is kept. */
export async function diskCheck(folder: string): Promise<Check> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  const ok = free >= LEAST_FREE_BYTES
  return { name: 'Disk', ok, detail: `${size(free)} free in ${folder}`, ...(ok ? {} : { hint: `Make at least ${size(LEAST_FREE_BYTES)} free: drops, parts and packages are kept there.` }) }
}

/** Whether a port can be bound; port 0 always can. */
export async function portCheck(name: string, port: number, host: string): Promise<Check> {
  const server = createServer()
  const fault = await new Promise<Error | undefined>((resolve) => {
    server.once('error', resolve)
    server.listen(port, host, () => resolve(undefined))
  })
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  const place = `${host}:${port}`
  return fault === undefined
    ? { name, ok: true, detail: `${place} is free` }
    : { name, ok: false, detail: `${place} cannot be bound: ${fault.message}`, hint: 'Another program listens there: end it, or choose other ports under server in refit.config.ts.' }
}

/** Whether a part that Refit brings along is installed. */
export function packageCheck(name: string, what: string): Check {
  try {
    import.meta.resolve(name)
    return { name: what, ok: true, detail: name }
  } catch {
    return { name: what, ok: false, detail: `${name} is not installed`, hint: 'Install again with `npm ci`; were optional dependencies left out?' }
  }
}

/** Whether a program that the project names can be started. */
export async function programCheck(name: string, program: string, folder: string): Promise<Check> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, ['--version'], { cwd: folder, timeout: COMMAND_TIMEOUT_MS })
    return { name, ok: true, detail: `${program}: ${(stdout + stderr).trim().split('\n')[0] ?? ''}` }
  } catch (error) {
    // It may not know --version; what counts is that it starts.
    if (!(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EACCES'))) return { name, ok: true, detail: program }
    return { name, ok: false, detail: `${program} cannot be started: ${error.code}`, hint: 'Install it, or name it by its full path in the definition.' }
  }
}
