import assert from 'node:assert/strict'
import { request } from 'node:http'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import pino from 'pino'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { systemClock } from '../../src/clock.js'
import { parseTokens } from '../../src/http/access.js'
import { startServing } from '../../src/roles/serve.js'
import type { Platform } from './platform.js'

/** What a program has asked, and been answered. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  readonly json: unknown
}

export interface Endpoint {
  readonly url: string
  /** Whole lines of the log so far. */
  readonly log: () => string
  stop(): Promise<void>
}

/** What of a project serving is told. */
export interface EndpointSettings {
  readonly tokens?: string
  readonly hosts?: string[]
  readonly origins?: string[]
  readonly invocations?: string
  readonly dialects?: Record<string, 'mlflow' | 'sagemaker'>
  readonly deadlineMs?: number
  readonly predictionKey?: string
  readonly logs?: Record<string, { share: number; columns?: string[] }>
}

/** Serving in this process, over a platform. */
export async function startEndpoint({ stateFolder, databaseUrl }: Platform, { tokens = '', hosts = [], origins = [], ...invocations }: EndpointSettings = {}): Promise<Endpoint> {
  let logged = ''
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      logged += String(chunk)
      done()
    },
  })
  const settings = { stateFolder, databaseUrl, bind: '127.0.0.1', port: 0, hosts, origins, ...invocations }
  const { url, stop } = await startServing(settings, parseTokens(tokens), systemClock, pino({}, sink))
  return { url, log: () => logged, stop }
}

/** One request, with any headers. */
export async function send(url: string, { method = 'GET', headers = {}, body }: { readonly method?: string; readonly headers?: Readonly<Record<string, string>>; readonly body?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers: { ...headers }, agent: false }, (response) => {
      text(response).then((received) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: received, json: parsed(received) }), reject)
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

export function predict(url: string, model: string, rows: readonly unknown[], headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return send(`${url}/models/${model}/predict`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ rows }) })
}

const Failure = Type.Object({
  code: Type.String(),
  message: Type.String(),
  hint: Type.String(),
  faults: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
})

/** The failure that a request was answered with. */
export function failureOf({ status, json }: Answer): Static<typeof Failure> & { readonly status: number } {
  return { status, ...Value.Parse(Failure, json) }
}

const DEADLINE_MS = 60_000

/** Asks until the endpoint says that this version of a model is live. */
export async function untilLive(url: string, model: string, version: number, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  await until(`version ${version} of ${model} is live`, async () => {
    const { json } = await send(`${url}/models/${model}`, { headers })
    return typeof json === 'object' && json !== null && 'version' in json && json.version === version
  })
}

/** Asks until the endpoint says that everything has been loaded: only from then on is a model that is not live known to be none. */
export async function untilReady(url: string): Promise<void> {
  await until('it is ready', async () => (await send(`${url}/ready`)).status === 200)
}

export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, `still waiting until ${what}`)
    await delay(20)
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
