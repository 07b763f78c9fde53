import type { Clock } from '../clock.js'
import type { Database } from '../database/schema.js'
import { refitError } from '../errors.js'
import { requestRunIn } from '../runs/requests.js'
import type { Run } from '../runs/run.js'
import { answerByForce } from './approval.js'
import { getChampion, requireUntainted } from './champion.js'
import { putIntoService, type IntoService } from './into-service.js'
import { lockModel } from './models.js'
import { getVersion, type Version } from './version.js'

/**
 * Puts a version into service by hand, whatever its verdict says: by a rollout where its model has one, unless `atOnce`.
 * @throws RefitError `not-found`, `reason-required`
 */
export async function forcePromotion(
  database: Database,
  clock: Clock,
  request: { readonly model: string; readonly version: number; readonly actor: string; readonly reason: string | undefined; readonly atOnce?: boolean },
): Promise<IntoService> {
  if ((request.reason ?? '').trim() === '') throw refitError('reason-required', { action: 'promote --force' })
  return database.transaction().execute(async (transaction) => {
    await lockModel(transaction, request.model)
    await getVersion(transaction, request.model, request.version)
    await answerByForce(transaction, clock.now(), request)
    const { model, version, actor, reason, atOnce = false } = request
    return putIntoService(transaction, clock.now(), { model, version, actor, reason, cause: 'promote' }, { atOnce })
  })
}

/**
 * Asks for a run that checks a version beside the present champion on today's data, and makes it champion if it passes.
 * Only a passing verdict or an approval of former times allows it, and that no drop which it was made from has been
 * withdrawn.
 * @throws RefitError `not-found`, `champion-already`, `promotion-refused`, `version-tainted`
 */
export async function requestPromotion(
  database: Database,
  clock: Clock,
  request: { readonly model: string; readonly version: number; readonly actor: string; readonly reason?: string | undefined },
): Promise<Run> {
  const { model, version, actor } = request
  const reason = request.reason === undefined ? {} : { reason: request.reason }
  return database.transaction().execute(async (transaction) => {
    await lockModel(transaction, model)
    const found = await getVersion(transaction, model, version)
    if ((await getChampion(transaction, model))?.version === version) throw refitError('champion-already', { model, version })
    if (!mayServe(found)) throw refitError('promotion-refused', { model, version, state: found.state, next: wayToServe(found) })
    await requireUntainted(transaction, found)
    const detail = `version ${version}${request.reason === undefined ? '' : `: ${request.reason}`}`
    const { run } = await requestRunIn(transaction, clock, { model, cause: { trigger: 'promote', actor, detail }, offer: { kind: 'version', version, actor, ...reason } })
    return run
  })
}

function wayToServe({ state, run }: Version): string {
  return state === 'awaiting-approval' && run !== undefined ? `\`refit approve ${run}\` lets it serve.` : 'Only a passing verdict or an approval makes a version champion.'
}

function mayServe(version: Version): boolean {
  return version.state === 'passed' || version.state === 'approved'
}
