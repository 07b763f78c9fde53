import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { Type } from 'typebox'
import { Value } from 'typebox/value'

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))
const scripts = fileURLToPath(new URL('../../../test/mlflow/', import.meta.url))
const python = process.env['REFIT_TEST_PYTHON']

/** For the options of a test that needs MLflow's client: without it the test is skipped, and says so. */
export const needsMlflow: { readonly skip?: string } = whyNot()

function whyNot(): { readonly skip?: string } {
  if (python === undefined) return { skip: 'REFIT_TEST_PYTHON names no interpreter' }
  const asked = spawnSync(python, ['-c', "import importlib.util, sys; sys.exit(importlib.util.find_spec('mlflow') is None)"])
  return asked.status === 0 ? {} : { skip: 'the interpreter of REFIT_TEST_PYTHON has no mlflow' }
}

/** `refit mlflow` as a process of its own. */
export interface RunningMlflow {
  readonly url: string
  readonly folder: string
  readonly process: ChildProcess
  /** Ends it as an operator would, and removes what it has kept. */
  stop(): Promise<void>
}

const Up = Type.Object({ kind: Type.Literal('up'), url: Type.String() })

export async function startRefitMlflow(options: { readonly tokens?: string; readonly arguments?: readonly string[] } = {}): Promise<RunningMlflow> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-mlflow-'))
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [main, 'mlflow', '--json', '--port', '0', '--state', folder, ...(options.arguments ?? [])], {
    env: { PATH, HOME, ...(options.tokens === undefined ? {} : { REFIT_TOKENS: options.tokens }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
  })
  const said = text(child.stderr)
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve)
    void ended.then(async () => reject(new Error(`refit mlflow ended at once: ${await said}`)))
  })
  const { url } = Value.Parse(Up, JSON.parse(line))
  return {
    url,
    folder,
    process: child,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/**
 * Runs a script of this folder with MLflow's own client, which finds the server in MLFLOW_TRACKING_URI. What it prints
 * last, as JSON, is returned.
 * @throws Error with what it said, when it fails
 */
export async function runMlflowScript(name: string, url: string, environment: Readonly<Record<string, string>> = {}): Promise<unknown> {
  if (python === undefined) throw new Error('REFIT_TEST_PYTHON names no interpreter')
  const folder = await mkdtemp(join(tmpdir(), 'refit-mlflow-client-'))
  const { PATH = '' } = process.env
  try {
    const child = spawn(python, [join(scripts, name)], {
      cwd: folder,
      // Refusals are told at once instead of being asked for again for minutes.
      env: { PATH, HOME: folder, MLFLOW_TRACKING_URI: url, MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0', MLFLOW_DISABLE_TELEMETRY: 'true', DO_NOT_TRACK: 'true', GIT_PYTHON_REFRESH: 'quiet', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    const [said, failed, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
    if (code !== 0) throw new Error(`${name}: ${failed.slice(-4000)}`)
    const answer: unknown = JSON.parse(said.trim().split('\n').at(-1) ?? '')
    return answer
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What a server has answered. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: unknown
}

/** Asks over plain HTTP, so that every word of the wire is seen. The path is sent as it is written. */
export async function ask(url: string, method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: body === undefined ? headers : { 'Content-Type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const said = await answer.text()
  return { status: answer.status, headers: answer.headers, text: said, body: parsed(said) }
}

/** Asks by an address that nobody normalises on the way, as an attacker writes it. */
export function askAsWritten(url: string, method: string, path: string, headers: Readonly<Record<string, string>> = {}, body?: string): Promise<{ readonly status: number; readonly text: string }> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const asking = request({ hostname, port, method, path, headers: { Connection: 'close', ...headers } }, (answer) => {
      void text(answer).then((said) => resolve({ status: answer.statusCode ?? 0, text: said }), reject)
    })
    asking.once('error', reject)
    asking.end(body)
  })
}

function parsed(said: string): unknown {
  try {
    return JSON.parse(said)
  } catch {
    return undefined
  }
}
