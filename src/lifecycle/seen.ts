import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { cutBy } from '../define/comparability.js'
import { StoredModel } from '../define/stored-definition.js'
import type { Database } from '../database/schema.js'
import { getSnapshot } from '../drops/snapshots.js'
import type { ObjectStore } from '../objects/object-store.js'
import type { Lineage } from '../registry/version.js'
import type { TrainedOn } from '../runs/offer.js'
import type { Ingested } from './ingested.js'

/** What a model has trained or validated on, as far as it is known: enough to leave those rows out (EVIDENCE rule 4). */
export const Seen = Type.Object({
  /** Drops that it may have seen; of a champion also those that it was checked on. */
  drops: Type.Array(Type.String()),
  /** Whether one of them is in the snapshot no more. */
  lostDrops: Type.Boolean(),
  /** How its sets were cut, and by which column, where that is known. */
  split: Type.Unknown(),
  cutBy: Type.Optional(Type.String()),
  /** Share of the units that were held out of them. */
  holdout: Type.Optional(Type.Number()),
  /** Newest time among the rows that it was trained or validated on. */
  trainedUntil: Type.Optional(Type.String()),
  /** What was said of a model that was brought: a local file with the digests of its units, a time, or nothing. */
  brought: Type.Optional(
    Type.Union([
      Type.Object({ kind: Type.Literal('units'), file: Type.String() }),
      Type.Object({ kind: Type.Literal('until'), time: Type.String() }),
      Type.Object({ kind: Type.Literal('unknown') }),
    ]),
  ),
})
export type Seen = Static<typeof Seen>

interface Places {
  readonly database: Database
  readonly objects: ObjectStore
}

/** What a version has seen, beside the data of a run. */
export async function seenByVersion(places: Places, model: string, { lineage }: { readonly lineage: Lineage }, data: Ingested): Promise<Seen> {
  const { drops, split, holdout, trainedUntil, origin } = lineage
  if (origin !== undefined) {
    const checkedOn = await getSnapshot(places.database, model, lineage.snapshot)
    const seen = await seenBefore(places, model, origin.trainedOn)
    return { ...seen, drops: [...new Set([...seen.drops, ...checkedOn.parts.map((part) => part.drop)])] }
  }
  const present = new Set(data.history.map(({ id }) => id))
  return {
    drops: drops.map(({ id }) => id),
    lostDrops: drops.some(({ id }) => !present.has(id)),
    split,
    ...(await cutOfRun(places.database, lineage.run)),
    ...(holdout === undefined ? {} : { holdout }),
    ...(trainedUntil === undefined ? {} : { trainedUntil }),
  }
}

async function cutOfRun(database: Database, run: string): Promise<Pick<Seen, 'cutBy'>> {
  const row = await database.selectFrom('runs').select('definition').where('id', '=', run).executeTakeFirst()
  return row === undefined || row.definition === null ? {} : { cutBy: cutBy(Value.Parse(StoredModel, row.definition)) }
}

/** What a model had seen when it was brought. */
export async function seenBefore({ database, objects }: Places, model: string, trainedOn: TrainedOn): Promise<Seen> {
  const nothingKnown = { drops: [], lostDrops: false, split: null }
  switch (trainedOn.kind) {
    case 'units':
      return { ...nothingKnown, brought: { kind: 'units', file: await objects.localPath(trainedOn.object) } }
    case 'until':
      return { ...nothingKnown, brought: { kind: 'until', time: trainedOn.time } }
    case 'unknown':
      return { ...nothingKnown, drops: [...trainedOn.drops], brought: { kind: 'unknown' } }
    case 'elsewhere': {
      const same = trainedOn.drops.length === 0 ? [] : await database.selectFrom('drops').select('id').where('model', '=', model).where('sha256', 'in', trainedOn.drops).execute()
      // Stratified sides are drawn among the units of a drop, and whether the drops are the same there nobody looks.
      return {
        drops: same.map(({ id }) => id),
        lostDrops: true,
        split: trainedOn.split,
        ...(trainedOn.holdout === undefined ? {} : { holdout: trainedOn.holdout }),
        ...(trainedOn.trainedUntil === undefined ? {} : { trainedUntil: trainedOn.trainedUntil }),
      }
    }
  }
}
