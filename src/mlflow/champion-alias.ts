import { setTimeout as delay } from 'node:timers/promises'
import { Value } from 'typebox/value'
import type { Database, RunOutcome } from '../database/schema.js'
import { refitError } from '../errors.js'
import { getChampion } from '../registry/champion.js'
import { getModel } from '../registry/models.js'
import { requestPromotion } from '../registry/promotion.js'
import { openRollout } from '../registry/rollout.js'
import { Offer } from '../runs/offer.js'
import { getRun } from '../runs/queries.js'
import type { MlflowParts } from './parts.js'

/** MLflow's client gives a request two minutes, and then sends it anew. */
const PATIENCE_MS = 60_000
const LOOK_EVERY_MS = 200

/**
 * What setting the alias `champion` of a model of the lifecycle means: a promotion, by the path of `refit promote`. Waits for
 * its check for a minute; one that takes longer goes on, and moves the alias when it has passed: that is said by an error,
 * for who sets an alias believes that it is set. Sent again, it joins what is under way.
 * @throws RefitError `promotion-under-way`, `promotion-refused`, `promotion-failed`, `version-tainted`, `not-found`, `model-retired`
 */
export async function promoteByAlias({ database, clock }: Pick<MlflowParts, 'database' | 'clock'>, { model, version, actor }: { readonly model: string; readonly version: number; readonly actor: string }, signal: AbortSignal): Promise<void> {
  await getModel(database, model, 'in life')
  if ((await getChampion(database, model))?.version === version || (await openRollout(database, model))?.version === version) return
  const run = (await promotionUnderWay(database, model, version)) ?? (await requestPromotion(database, clock, { model, version, actor, reason: 'its alias champion was set through MLflow' })).id
  const deadline = performance.now() + PATIENCE_MS
  while (!signal.aborted && performance.now() < deadline) {
    const { state, outcome, explanation } = await getRun(database, run)
    if (state === 'ended' && outcome === 'promoted') return
    if (state === 'ended') throw refitError('promotion-failed', { model, version, run, outcome: outcome ?? 'without outcome', explanation: explanation ?? '', next: nextStep(outcome, { model, version, run }) })
    await delay(LOOK_EVERY_MS)
  }
  throw refitError('promotion-under-way', { model, version, run })
}

function nextStep(outcome: RunOutcome | undefined, { model, version, run }: { readonly model: string; readonly version: number; readonly run: string }): string {
  if (outcome === 'awaiting-approval') return `\`refit approve ${run}\` lets it serve.`
  if (outcome === 'rejected' || outcome === 'inconclusive') return `\`refit promote ${model} ${version} --force --reason "…"\` makes it champion all the same, and is recorded.`
  return 'To set the alias once more asks for another check.'
}

async function promotionUnderWay(database: Database, model: string, version: number): Promise<string | undefined> {
  const rows = await database.selectFrom('runs').select(['id', 'offer']).where('model', '=', model).where('state', 'in', ['waiting', 'active']).where('offer', 'is not', null).execute()
  return rows.find(({ offer }) => Value.Check(Offer, offer) && offer.kind === 'version' && offer.version === version)?.id
}
