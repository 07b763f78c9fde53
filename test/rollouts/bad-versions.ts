import assert from 'node:assert/strict'
import { systemClock as clock } from '../../src/clock.js'
import type { StoredDeployment } from '../../src/define/stored-deployment.js'
import type { HintedLoop } from '../../src/hinted-loop.js'
import { startConductor } from '../../src/lifecycle/rollout/conductor.js'
import { getChampion } from '../../src/registry/champion.js'
import { registerModels } from '../../src/registry/models.js'
import { forcePromotion } from '../../src/registry/promotion.js'
import { getRollout, type Rollout } from '../../src/registry/rollout.js'
import { figuresOf } from '../../src/registry/rollout-steps.js'
import { until, untilLive } from '../serving/endpoint.js'
import type { Platform } from '../serving/platform.js'
import { modelNamed, projectOf } from '../support/stored-models.js'
import { callersSignature, FEWEST_REQUESTS, goodVersion, MOST_MEGABYTES, SHARES, STEP_SECONDS, type MadeVersion } from './bad-kinds.js'
import { failedBeside, type Traffic } from './traffic.js'

/** Two short steps. */
export const deployment: StoredDeployment = { kind: 'canary', steps: [...SHARES], milliseconds: STEP_SECONDS * 1000, minimumRequests: FEWEST_REQUESTS, errors: 0.01, refusals: 0.01, latency: 2, memoryBytes: MOST_MEGABYTES * 1_000_000, shift: 0.5, spread: 2 }

/** The conductor of a control server, over a platform. */
export function conductorOf({ database }: Platform): HintedLoop {
  return startConductor({ database, clock, askOwnCheck: () => undefined, log: { error: (message) => assert.fail(message) } })
}

/** A project of these models, each with a good version as champion, which the endpoint at `url` answers by. */
export async function championsOf(platform: Platform, url: string, models: readonly string[]): Promise<void> {
  await registerModels(platform.database, clock, projectOf(...models.map((model) => modelNamed(model, { deploy: deployment }))), 'test')
  const { source, signature } = goodVersion(callersSignature)
  for (const model of models) {
    const { version } = await platform.addModule(model, source, signature)
    await platform.promote(model, version)
    await untilLive(url, model, version)
  }
}

export interface Tried {
  readonly rollout: Rollout
  /** From its start to its end, milliseconds. */
  readonly lasted: number
  /** That the version was asked in all steps, as serving has counted them. */
  readonly requests: number
  /** The version that serves in the end, by the registry and by the endpoint. */
  readonly champion: number | undefined
  /** Of callers on the champion's side. */
  readonly failedBeside: number
}

/**
 * Brings a version into service beside the champion, past any check, with callers who ask all the time, until its rollout has
 * ended and the champion answers all of them.
 */
export async function tryVersion({ database, addModule }: Platform, url: string, model: string, made: MadeVersion, traffic: Traffic): Promise<Tried> {
  const { version } = await addModule(model, made.source, made.signature)
  const begun = traffic.answers.length
  const into = await forcePromotion(database, clock, { model, version, actor: 'test', reason: 'past the check' })
  assert.ok('rollout' in into)
  const { id, number } = into.rollout
  let { rollout } = into
  await until(`the rollout of version ${version} of ${model} has ended`, async () => {
    rollout = await getRollout(database, model, number)
    return rollout.endedAt !== undefined
  })
  const champion = (await getChampion(database, model))?.version
  await untilLive(url, model, champion ?? 0)
  const from = traffic.answers.length
  await until(`the champion of ${model} answers everybody`, () => traffic.answers.length > from + 30 && traffic.answers.slice(-20).every(({ version: by }) => by === champion))
  const figures = await figuresOf(database, id)
  return {
    rollout,
    lasted: (rollout.endedAt?.getTime() ?? Number.NaN) - rollout.startedAt.getTime(),
    requests: [...figures.values()].reduce((sum, { challenger }) => sum + challenger.requests, 0),
    champion,
    failedBeside: failedBeside(traffic.answers.slice(begun), id, SHARES[rollout.step] ?? 1).length,
  }
}
