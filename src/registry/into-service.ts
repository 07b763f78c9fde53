import type { Transaction } from '../database/schema.js'
import { getChampion, moveChampion, type Champion, type Move } from './champion.js'
import { getModel, lockModel } from './models.js'
import { startRollout, type IntendedMove, type Rollout } from './rollout.js'

/** What became of a version that may serve: it is champion, or on its way. */
export type IntoService = { readonly champion: Champion } | { readonly rollout: Rollout }

/**
 * Puts a version into service as its model's definition says, in the caller's transaction: at once, or by a rollout beside
 * the champion, where there is one. `atOnce` passes the rollout over.
 * @throws RefitError `model-retired`
 */
export async function putIntoService(transaction: Transaction, at: Date, move: Move & Pick<IntendedMove, 'cause'>, { atOnce = false } = {}): Promise<IntoService> {
  await lockModel(transaction, move.model)
  const { deploy } = (await getModel(transaction, move.model, 'in life')).definition
  const present = await getChampion(transaction, move.model)
  if (atOnce || deploy === undefined || present === undefined || present.version === move.version) return { champion: await moveChampion(transaction, at, move) }
  const { model, version, cause, actor, reason, run } = move
  return { rollout: await startRollout(transaction, at, { model, version, champion: present.version, deployment: deploy, cause, actor, reason, run }) }
}
