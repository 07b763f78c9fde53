import { Type, type Static } from 'typebox'
import { stepWords } from '../define/definition-words.js'
import { stepsOf } from '../define/stored-deployment.js'
import { getChampion } from '../registry/champion.js'
import { putIntoService } from '../registry/into-service.js'
import { lockModel } from '../registry/models.js'
import type { IntendedMove } from '../registry/rollout.js'
import { getVersion } from '../registry/version.js'
import { withdrawnAmong } from '../registry/withdrawn-data.js'
import { requestRunIn } from '../runs/requests.js'
import type { Commit } from '../workflow/stage.js'
import type { Checked } from './check.js'
import type { Ingested } from './ingested.js'
import type { LifecycleRun, Rooms } from './run.js'
import type { Published } from './version.js'

export const Deployed = Type.Union([
  Type.Object({ version: Type.Integer(), generation: Type.Integer() }),
  /** It is on its way: beside which version, and by which steps. */
  Type.Object({ version: Type.Integer(), rollout: Type.String(), champion: Type.Integer(), steps: Type.Array(Type.String()) }),
  /** It was made from drops that were withdrawn meanwhile: the champion stays. */
  Type.Object({ version: Type.Integer(), withdrawn: Type.Array(Type.String()) }),
  /** Another version has become champion since the comparison: it stays. Absent numbers: there was none. */
  Type.Object({ version: Type.Integer(), outdated: Type.Object({ compared: Type.Optional(Type.Integer()), champion: Type.Optional(Type.Integer()) }) }),
])
export type Deployed = Static<typeof Deployed>

/**
 * Moves the champion pointer, or begins the rollout at whose end it moves; serving follows by itself and no request fails
 * meanwhile. A version that was made from a drop which someone has withdrawn since does not serve, nor does one that was
 * compared with a champion which serves no more: another run is asked for, unless the candidate was offered.
 */
export function deploy(rooms: Pick<Rooms, 'clock'>, run: LifecycleRun, data: Ingested, version: Published, { comparedWith }: Pick<Checked, 'comparedWith'>): Promise<Commit<Deployed>> {
  const { clock } = rooms
  return Promise.resolve(async (transaction) => {
    // Under the lock that withdrawals and all moves of the champion take: none can come between the look and the move.
    await lockModel(transaction, run.model)
    const { lineage } = await getVersion(transaction, run.model, version.number)
    const withdrawn = await withdrawnAmong(transaction, [...data.history, ...lineage.drops])
    if (withdrawn.length > 0) {
      if (run.offer === undefined) await requestRunIn(transaction, clock, { model: run.model, cause: { trigger: 'withdrawal', actor: 'refit', detail: `${withdrawn.join(', ')} withdrawn while ${run.id} was under way` } })
      return { version: version.number, withdrawn: [...withdrawn] }
    }
    const present = (await getChampion(transaction, run.model))?.version
    if (present !== comparedWith && present !== version.number) {
      const outdated = { ...(comparedWith === undefined ? {} : { compared: comparedWith }), ...(present === undefined ? {} : { champion: present }) }
      if (run.offer === undefined) await requestRunIn(transaction, clock, { model: run.model, cause: { trigger: 'champion', actor: 'refit', detail: `version ${present ?? 'none'} became champion while ${run.id} was under way` } })
      return { version: version.number, outdated }
    }
    const into = await putIntoService(transaction, clock.now(), { model: run.model, version: version.number, run: run.id, ...causeOf(run) })
    if ('champion' in into) return { version: into.champion.version, generation: into.champion.generation }
    const { id, champion, deployment } = into.rollout
    return { version: version.number, rollout: id, champion, steps: stepsOf(deployment).map(stepWords) }
  })
}

function causeOf({ offer }: LifecycleRun): Pick<IntendedMove, 'cause' | 'actor'> & { readonly reason?: string | undefined } {
  switch (offer?.kind) {
    case undefined:
      return { cause: 'run', actor: 'refit' }
    case 'version':
      return { cause: 'promote', actor: offer.actor, reason: offer.reason }
    case 'package':
      return { cause: 'adopt', actor: offer.origin.actor, reason: offer.origin.reason }
  }
}
