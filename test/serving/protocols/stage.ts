import type { Signature } from '../../../src/packages/manifest.js'
import { send, startEndpoint, untilLive, untilReady, type Answer, type Endpoint, type EndpointSettings } from '../endpoint.js'
import { roomsSignature, startPlatform, times, type Platform } from '../platform.js'

/** A serving process's application over real packages, as a project with several models has it. */
export interface Stage {
  readonly platform: Platform
  readonly endpoint: Endpoint
  readonly url: string
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>
  stop(): Promise<void>
}

/** Two numbers; the classes are 0 and 1: the latter where they sum to more than 4. */
export const irisSignature: Signature = { task: 'classification', inputs: numbers('x1', 'x2'), target: 'species', classes: ['0', '1'] }
const iris = 'return rows.map(({ x1, x2 }) => (x1 + x2 > 4 ? { 0: 0.25, 1: 0.75 } : { 0: 1, 1: 0 }))'

/** Classes with texts for names, of which one is hard to write. */
export const sizeSignature: Signature = { task: 'classification', inputs: numbers('rooms'), target: 'size', classes: ['large, "very"', 'small'] }
const size = `return rows.map(({ rooms }) => (rooms > 5 ? { 'large, "very"': 0.75, small: 0.25 } : { 'large, "very"': 0, small: 1 }))`

/** Four numbers that are added. */
export const sumSignature: Signature = { task: 'regression', inputs: numbers('a', 'b', 'c', 'd'), target: 'sum', classes: [] }
const sum = 'return rows.map(({ a, b, c, d }) => a + b + c + d)'

function numbers(...names: readonly string[]): Signature['inputs'] {
  return names.map((name) => ({ name, type: 'number', optional: false }))
}

/** house-price is at version 1, iris at 3, size and sum at 1; moody answers what is no number about more than 100 rooms. */
export async function startStage(settings: EndpointSettings): Promise<Stage> {
  const platform = await startPlatform('house-price', 'iris', 'size', 'sum', 'moody')
  try {
    return await stageOver(platform, settings)
  } catch (error) {
    await platform.stop()
    throw error
  }
}

async function stageOver(platform: Platform, settings: EndpointSettings): Promise<Stage> {
  await platform.publish('house-price', times(2), roomsSignature)
  for (const version of [1, 2, 3]) await platform.publish('iris', `/* ${version} */ ${iris}`, irisSignature)
  await platform.publish('size', size, sizeSignature)
  await platform.publish('sum', sum, sumSignature)
  await platform.publish('moody', 'return rows.map(({ rooms }) => (rooms > 100 ? NaN : rooms))', roomsSignature)
  const endpoint = await startEndpoint(platform, settings)
  for (const [model, version] of [['house-price', 1], ['iris', 3], ['size', 1], ['sum', 1], ['moody', 1]] as const) await untilLive(endpoint.url, model, version)
  await untilReady(endpoint.url)
  return {
    platform,
    endpoint,
    url: endpoint.url,
    post: (path, body, headers = {}) => send(`${endpoint.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) }),
    get: (path, headers = {}) => send(`${endpoint.url}${path}`, { headers }),
    stop: async () => {
      await endpoint.stop()
      await platform.stop()
    },
  }
}

/** The text under one name of an answer. */
export function textOf({ json }: Answer, name: string): string {
  const value: unknown = typeof json === 'object' && json !== null ? Reflect.get(json, name) : undefined
  return typeof value === 'string' ? value : ''
}
