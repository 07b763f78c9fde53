import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Clock } from '../../src/clock.js'
import { buildSnapshot } from '../../src/data/build-snapshot.js'
import type { DropReading } from '../../src/data/snapshot.js'
import type { Database } from '../../src/database/schema.js'
import type { StoredDelivery } from '../../src/define/stored-definition.js'
import type { Drop } from '../../src/drops/drop.js'
import { discardedCopies, ingestedDrops, waitingDrops } from '../../src/drops/queries.js'
import { recordDrop } from '../../src/drops/record.js'
import { decideDrops, historyAfter, settleDrops } from '../../src/drops/settle.js'
import { saveSnapshot } from '../../src/drops/snapshots.js'
import type { ObjectStore } from '../../src/objects/object-store.js'
import { moveChampion } from '../../src/registry/champion.js'
import type { Lineage } from '../../src/registry/version.js'
import { endRun, type RunClaim } from '../../src/runs/execution.js'
import { addVersionIn, finishStage, startedRun } from '../api/seeded-runs.js'

/** The drops of one model as its runs would leave them, written through the same functions, without any training. */
export interface History {
  /** Announces content under a name; returns the id of the drop. */
  announce(key: string, content: string): Promise<string>
  /** A run that takes what waits and is under way; all drops are accepted unless their content has `bad` in it. */
  taking(): Promise<Taken>
  /** A run that takes what waits and is promoted; returns its version. */
  promoted(): Promise<number>
  /** State of every drop in the order of arrival, e.g. `d1 superseded by d2`. */
  states(): Promise<readonly string[]>
  /** The drops in the newest snapshot. */
  snapshot(): Promise<readonly string[]>
}

export interface Taken {
  readonly claim: RunClaim
  readonly data: Pick<Lineage, 'snapshot' | 'drops'>
}

export function historyOf(database: Database, objects: ObjectStore, clock: Clock, model: string, delivery: StoredDelivery['kind'] = 'append'): History {
  const short = (id: string): string => id.slice(model.length + 1)
  const number = (id: string): number => Number(short(id).slice(1))
  const reading = async (drop: Drop): Promise<DropReading> => {
    const content = await text(await objects.read(drop.object))
    if (content.includes('unreadable')) return { accepted: false, faults: [{ code: 'unreadable', message: 'It cannot be read.' }] }
    if (content.includes('bad') && !drop.released) return { accepted: false, faults: [{ code: 'out-of-range', column: 'price', message: 'Column price: 1 row below the smallest allowed value 1.' }] }
    return { accepted: true, part: { drop: drop.id, object: `parts/${drop.sha256}.parquet`, sha256: drop.sha256, rows: 1, bytes: 1 } }
  }
  let taken: Lineage['drops'] = []
  const taking = async (): Promise<Taken> => {
    const claim = await startedRun(database, model)
    const waiting = [...(await waitingDrops(database, model)), ...(await discardedCopies(database, model))]
    const former = await ingestedDrops(database, model)
    const decisions = decideDrops(waiting, former, new Map(await Promise.all(waiting.filter(({ state }) => state === 'recorded').map(async (drop) => [drop.id, await reading(drop)] as const))), delivery)
    const parts = historyAfter(former, decisions)
    const snapshot = buildSnapshot(parts, {}, { kind: 'all' })
    const drops = parts.map(({ drop, sha256 }) => ({ id: drop, key: drop, sha256 }))
    taken = drops
    await finishStage(database, claim, 'ingest', 1, { history: drops })
    await database.transaction().execute(async (transaction) => {
      await settleDrops(transaction, clock, claim.run.id, decisions)
      if (parts.length === 0) return
      await saveSnapshot(transaction, clock.now(), model, snapshot)
      await transaction.updateTable('runs').set({ snapshot: snapshot.digest }).where('id', '=', claim.run.id).execute()
    })
    return { claim, data: { snapshot: snapshot.digest, drops } }
  }
  return {
    announce: async (key, content) => {
      const { drop } = await recordDrop(database, objects, clock, { model, source: 'upload', key, sourceVersion: undefined, actor: 'tester' }, Readable.from([content]))
      return drop.id
    },
    taking,
    promoted: async () => {
      const { claim, data } = await taking()
      const version = await database.transaction().execute(async (transaction) => {
        const added = await addVersionIn(transaction, claim, 'passed', data)
        await moveChampion(transaction, clock.now(), { model, version: added, cause: 'run', actor: 'refit', run: claim.run.id })
        return added
      })
      await endRun(database, clock, claim, { outcome: 'promoted', explanation: '' })
      return version
    },
    states: async () => {
      const rows = await database.selectFrom('drops').select(['id', 'state', 'superseded_by']).where('model', '=', model).execute()
      return rows.toSorted((a, b) => number(a.id) - number(b.id)).map(({ id, state, superseded_by: by }) => `${short(id)} ${state}${by === null ? '' : ` by ${short(by)}`}`)
    },
    snapshot: async () => {
      return taken.map(({ id }) => short(id))
    },
  }
}
