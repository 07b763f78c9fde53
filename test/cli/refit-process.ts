import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { text } from 'node:stream/consumers'

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))

/** What a finished `refit` has left. */
export interface Finished {
  readonly code: number | null
  readonly out: string
  readonly error: string
}

export interface RefitOptions {
  readonly folder?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly input?: string
}

/** Runs `refit` as a process of its own, without a terminal. */
export async function refit(commandLine: readonly string[], { folder, environment = {}, input = '' }: RefitOptions = {}): Promise<Finished> {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [main, ...commandLine], {
    cwd: folder,
    env: { PATH, HOME, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: 120_000,
  })
  const code = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  child.stdin.end(input)
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: await code, out, error }
}
