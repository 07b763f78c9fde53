import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock as clock } from '../../src/clock.js'
import { getChampion } from '../../src/registry/champion.js'
import { registerModels } from '../../src/registry/models.js'
import { getRollout } from '../../src/registry/rollout.js'
import { predict, until, untilLive, type Endpoint } from '../serving/endpoint.js'
import type { Platform } from '../serving/platform.js'
import { modelNamed, projectOf } from '../support/stored-models.js'
import { deployment } from './bad-versions.js'

export interface UnderLoad {
  readonly requests: number
  readonly failed: number
  /** Answers by a version that was not yet to answer when they came, or no more when they were asked for. */
  readonly outside: readonly string[]
  readonly states: readonly string[]
}

/** Rolls out as many versions, one after another, each as good as the one before, while callers ask all the time. */
export async function rolloutsUnderLoad(platform: Platform, { url }: Endpoint, model: string, count: number, atOnce = 8): Promise<UnderLoad> {
  const { database } = platform
  await registerModels(database, clock, projectOf(modelNamed(model, { deploy: { ...deployment, kind: 'canary', steps: [0.3, 0.6], shadowMilliseconds: 500, milliseconds: 500, latency: 50 } })), 'test')
  const good = 'return rows.map(({ rooms }) => rooms * 100 + (rooms % 3))'
  await platform.publish(model, good)
  await untilLive(url, model, 1)
  const stopped = new AbortController()
  let [requests, failed, oldest, newest] = [0, 0, 1, 1]
  const outside: string[] = []
  const ask = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      requests += 1
      const [number, floor] = [requests, oldest]
      const { status, json } = await predict(url, model, [{ rooms: 1 + (number % 9) }], number % 3 === 0 ? {} : { 'refit-key': `caller-${number % 300}` })
      const version = typeof json === 'object' && json !== null && 'version' in json ? Number(json.version) : Number.NaN
      if (status !== 200) failed += 1
      else if (!(version >= floor && version <= newest)) outside.push(`${version}, where ${floor} to ${newest} may answer`)
    }
  }
  /** What the endpoint says that it answers from is the oldest version that may answer what is asked from then on. */
  const look = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const { json } = await told(url, model)
      if (typeof json === 'object' && json !== null && 'version' in json) oldest = Math.max(oldest, Number(json.version))
      await delay(5)
    }
  }
  const states: string[] = []
  const all = Promise.all([look(), ...Array.from({ length: atOnce }, ask)])
  try {
    for (let number = 1; number <= count; number += 1) {
      newest = number + 1
      await platform.publish(model, `${good} /* ${number} */`)
      await until(`rollout ${number} of ${model} has ended`, async () => (await getRollout(database, model, number)).endedAt !== undefined)
      states.push((await getRollout(database, model, number)).state)
      if (states.at(-1) !== 'live') break
      await untilLive(url, model, newest)
    }
    assert.equal((await getChampion(database, model))?.version, states.filter((state) => state === 'live').length + 1)
  } finally {
    stopped.abort()
    await all
  }
  return { requests, failed, outside, states }
}

function told(url: string, model: string): Promise<{ readonly json: unknown }> {
  return fetch(`${url}/models/${model}`).then(async (answer): Promise<{ readonly json: unknown }> => ({ json: await answer.json() }))
}
