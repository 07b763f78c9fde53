import assert from 'node:assert/strict'
import { systemClock as clock } from '../../src/clock.js'
import type { StoredDeployment } from '../../src/define/stored-deployment.js'
import type { HintedLoop } from '../../src/hinted-loop.js'
import { startConductor } from '../../src/lifecycle/rollout/conductor.js'
import type { Signature } from '../../src/packages/manifest.js'
import { getChampion } from '../../src/registry/champion.js'
import { registerModels } from '../../src/registry/models.js'
import { forcePromotion } from '../../src/registry/promotion.js'
import { getRollout, type Rollout } from '../../src/registry/rollout.js'
import { xoshiro128 } from '../../src/evaluation/random.js'
import { until, untilLive, type Endpoint } from '../serving/endpoint.js'
import { roomsSignature, type Platform } from '../serving/platform.js'
import { modelNamed, projectOf } from '../support/stored-models.js'
import { startTraffic, type CallersAnswer } from './traffic.js'

/** How a version is bad in traffic, although it loads, warms up and would pass a check: by the source of its module. */
export interface BadKind {
  readonly source: string
  readonly signature?: Signature
}

/** What a module with this `predict(rows)` looks like. */
const answering = (predict: string, before = ''): string => `${before}\nexport const load = () => ({ predict: (rows) => { ${predict} } })`
const goodAnswer = 'rows.map(({ rooms }) => rooms * 100 + (rooms % 3))'

/** The kinds of bad version. Rows of traffic have rooms; the row that a version warms up with has none. */
export const badKinds: Readonly<Record<string, BadKind>> = {
  throws: { source: answering(`if (rows[0].rooms > 0) throw new Error('no such district'); return ${goodAnswer}`) },
  'answers what is no number': { source: answering('return rows.map(({ rooms }) => (rooms > 6 ? Number.NaN : rooms * 100))') },
  'is slow': { source: answering(`return new Promise((resolve) => setTimeout(() => resolve(${goodAnswer}), rows[0].rooms > 0 ? 150 : 0))`) },
  'is shifted': { source: answering('return rows.map(({ rooms }) => rooms * 100 + 600)') },
  'is constant': { source: answering('return rows.map(() => 500)') },
  'takes other inputs': { source: answering(`return ${goodAnswer}`), signature: { ...roomsSignature, inputs: [...roomsSignature.inputs, { name: 'floors', type: 'number', optional: false }] } },
  'dies when it is loaded': { source: `throw new Error('not on this machine')\n${answering(`return ${goodAnswer}`)}` },
}

/** Two short steps. */
export const deployment: StoredDeployment = { kind: 'canary', steps: [0.3, 0.6], milliseconds: 2000, minimumRequests: 60, errors: 0.01, refusals: 0.01, latency: 2, shift: 0.5, spread: 2 }

/** The conductor of a control server, over a platform. */
export function conductorOf({ database }: Platform): HintedLoop {
  return startConductor({ database, clock, askOwnCheck: () => undefined, log: { error: (message) => assert.fail(message) } })
}

export interface Tried {
  readonly rollout: Rollout
  readonly answers: readonly CallersAnswer[]
  /** The version that serves in the end, by the registry and by the endpoint. */
  readonly champion: number | undefined
}

/**
 * Brings a version into service beside a good one, past any check, with callers who ask for what the seed makes of rooms, until
 * its rollout has ended. `model` is to be a new one.
 */
export async function tryVersion(platform: Platform, { url }: Endpoint, model: string, version: BadKind, seed: number): Promise<Tried> {
  const { database } = platform
  await registerModels(database, clock, projectOf(modelNamed(model, { deploy: deployment })), 'test')
  await platform.publish(model, `return ${goodAnswer}`)
  await untilLive(url, model, 1)
  const { version: number } = await platform.addModule(model, version.source, version.signature)
  const draw = xoshiro128(seed)
  const traffic = startTraffic(url, model, () => ({ rooms: 1 + (draw() % 9), district: 'north' }))
  try {
    const into = await forcePromotion(database, clock, { model, version: number, actor: 'test', reason: 'past the check' })
    assert.ok('rollout' in into)
    let rollout = into.rollout
    await until(`the rollout of a version of ${model} has ended`, async () => {
      rollout = await getRollout(database, model, 1)
      return rollout.endedAt !== undefined
    })
    const champion = (await getChampion(database, model))?.version
    await untilLive(url, model, champion ?? 0)
    // What follows is answered by the champion alone.
    const from = traffic.answers.length
    await until('the champion answers everybody', () => traffic.answers.length > from + 30 && traffic.answers.slice(-20).every(({ version: by }) => by === champion))
    return { rollout, answers: traffic.answers, champion }
  } finally {
    await traffic.stop()
  }
}

/** A version as good as the champion. */
export const goodVersion: BadKind = { source: answering('return rows.map(({ rooms }) => rooms * 100 + (rooms % 2))') }
