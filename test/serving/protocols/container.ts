import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { send, until, type Answer } from '../endpoint.js'

const main = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url))

/** `refit serve`, as an image's entry point runs it: nothing but these variables and what is needed to start. */
export interface Container {
  readonly pid: number
  readonly url: string
  readonly get: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Answer>
  readonly post: (path: string, body: string, headers?: Readonly<Record<string, string>>) => Promise<Answer>
  /** Asks it to end, and waits until it has. */
  stop(): Promise<number | null>
}

export interface Ended {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

/** Runs it to its end. */
export async function runContainer(environment: Readonly<Record<string, string>>, flags: readonly string[] = []): Promise<Ended> {
  const { child, ended } = start(environment, flags)
  const [output, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, output, errors }
}

/** Starts it on a free port, with the variables of its platform, and comes back when it answers `health` with 200. */
export async function startContainer(environment: (port: string) => Readonly<Record<string, string>>, health: string, flags: readonly string[] = []): Promise<Container> {
  const port = await freePort()
  const { child, ended } = start(environment(String(port)), flags)
  const errors = text(child.stderr)
  let hasEnded = false
  void ended.then(() => {
    hasEnded = true
  })
  child.stdout.resume()
  const url = `http://127.0.0.1:${port}`
  await until(`the container at ${url} is well`, async () => {
    if (hasEnded) assert.fail(`the container has ended: ${await errors}`)
    return send(`${url}${health}`).then(
      ({ status }) => status === 200,
      () => false,
    )
  })
  assert.ok(child.pid !== undefined)
  return {
    pid: child.pid,
    url,
    get: (path, headers = {}) => send(`${url}${path}`, { headers }),
    post: (path, body, headers = {}) => send(`${url}${path}`, { method: 'POST', headers, body }),
    stop: () => {
      child.kill('SIGTERM')
      return ended
    },
  }
}

/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '0.0.0.0')
  await new Promise((resolve) => void server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => void server.close(resolve))
  assert.ok(typeof address === 'object' && address !== null)
  return address.port
}

// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- spawn's type tells which streams there are
function start(environment: Readonly<Record<string, string>>, flags: readonly string[]) {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [main, 'serve', ...flags], { env: { PATH, HOME, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { child, ended }
}
