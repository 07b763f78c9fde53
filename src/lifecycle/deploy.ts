import { Type, type Static } from 'typebox'
import { moveChampion } from '../registry/champion.js'
import type { Commit } from '../workflow/stage.js'
import type { LifecycleRun, Rooms } from './run.js'
import type { Published } from './version.js'

export const Deployed = Type.Object({ version: Type.Integer(), generation: Type.Integer() })
export type Deployed = Static<typeof Deployed>

/** Moves the champion pointer; serving follows by itself and no request fails meanwhile. */
export function deploy(rooms: Pick<Rooms, 'clock'>, run: LifecycleRun, version: Published): Promise<Commit<Deployed>> {
  return Promise.resolve(async (transaction) => {
    const move = { model: run.model, version: version.number, cause: 'run', actor: 'refit', run: run.id } as const
    const champion = await moveChampion(transaction, rooms.clock.now(), move)
    return { version: champion.version, generation: champion.generation }
  })
}
