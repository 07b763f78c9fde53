import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir, open, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { endGroup, endProcesses } from './end.js'
import { processesWithToken, residentBytes, TOKEN_VARIABLE } from './proc.js'

/** A process to run to its end, with limits on it and all its descendants together. */
export interface ProcessRequest {
  readonly command: string
  readonly arguments: readonly string[]
  /** The whole environment besides the token; nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>
  readonly workingFolder: string
  readonly token: string
  readonly limits: { readonly milliseconds: number; readonly memoryBytes: number }
  /** Standard output and error are appended here; undefined: discarded. */
  readonly logFile?: string | undefined
}

/** How a process ended. */
export type ProcessEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'memory'; readonly bytes: number }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'not-started'; readonly reason: string }

const MEMORY_POLL_MS = 250

/** What a child needs of this process's environment to run at all. */
export function basicEnvironment(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL', 'SystemRoot']
  return Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])))
}

/** Runs a process. When this resolves, none of the processes with its token is left. */
export async function runProcess(request: ProcessRequest, signal: AbortSignal): Promise<ProcessEnd> {
  if (signal.aborted) return { kind: 'cancelled' }
  const log = await openLog(request.logFile)
  const ended = new AbortController()
  let child: ChildProcess | undefined
  try {
    // It may have been cancelled while the log was opened.
    if (signal.aborted) return { kind: 'cancelled' }
    const exit = exitOf(() => {
      child = start(request, log)
      return child
    })
    return await Promise.race([exit, timeout(request, ended.signal), memoryExcess(request, ended.signal), cancellation(signal, ended.signal)])
  } finally {
    ended.abort()
    await endProcesses((token) => token === request.token, signal.aborted ? 500 : undefined)
    // A descendant may have emptied its environment; unless it has left the process's group too, this ends it.
    if (child?.pid !== undefined) await endGroup(child.pid)
    await log?.close()
  }
}

function start(request: ProcessRequest, log: FileHandle | undefined): ChildProcess {
  return spawn(request.command, [...request.arguments], {
    cwd: request.workingFolder,
    env: { ...request.environment, [TOKEN_VARIABLE]: request.token },
    stdio: ['ignore', log?.fd ?? 'ignore', log?.fd ?? 'ignore'],
    detached: true,
  })
}

/** Some reasons not to start are thrown at once, such as too many arguments; others come as an event. */
function exitOf(begin: () => ChildProcess): Promise<ProcessEnd> {
  return new Promise<ProcessEnd>((resolve) => {
    const child = begin()
    child.once('error', (error) => resolve({ kind: 'not-started', reason: error.message }))
    child.once('exit', (code, killer) => resolve(code === null ? { kind: 'killed', signal: killer ?? 'unknown' } : { kind: 'exited', code }))
  }).catch((error: unknown) => ({ kind: 'not-started', reason: error instanceof Error ? error.message : String(error) }))
}

async function openLog(file: string | undefined): Promise<FileHandle | undefined> {
  if (file === undefined) return undefined
  await mkdir(dirname(file), { recursive: true })
  return open(file, 'a')
}

async function timeout(request: ProcessRequest, ended: AbortSignal): Promise<ProcessEnd> {
  await sleepUntilEnded(Math.min(request.limits.milliseconds, 2_147_483_647), ended)
  return ended.aborted ? new Promise(() => undefined) : { kind: 'timeout' }
}

async function memoryExcess(request: ProcessRequest, ended: AbortSignal): Promise<ProcessEnd> {
  for (;;) {
    await sleepUntilEnded(MEMORY_POLL_MS, ended)
    if (ended.aborted) return new Promise(() => undefined)
    const bytes = await residentBytes(await processesWithToken((token) => token === request.token))
    if (bytes > request.limits.memoryBytes) return { kind: 'memory', bytes }
  }
}

function cancellation(signal: AbortSignal, ended: AbortSignal): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve({ kind: 'cancelled' }), { once: true, signal: ended })
  })
}

async function sleepUntilEnded(milliseconds: number, ended: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal: ended }).catch(() => undefined)
}
