import { Value } from 'typebox/value'
import { Part } from '../data/snapshot.js'
import type { Database } from '../database/schema.js'
import { cutBy, keptTogetherBy } from '../define/comparability.js'
import { StoredSplit, type StoredModel } from '../define/stored-definition.js'
import { getSnapshot } from '../drops/snapshots.js'
import { RefitError } from '../errors.js'
import type { ObjectStore } from '../objects/object-store.js'
import type { Lineage } from '../registry/version.js'
import type { TrainedOn } from '../runs/offer.js'
import { looksAtHeld } from './eligible-rows.js'
import type { Ingested } from './ingested.js'
import type { Seen } from './seen.js'

interface Places {
  readonly database: Database
  readonly objects: ObjectStore
}

/** For what a model is looked at: a run's model and definition. `isChampion`: which rows are new beside it is asked as well. */
interface Beside {
  readonly model: string
  readonly definition: StoredModel
  readonly isChampion?: boolean
}

/** What a version has seen, beside the data of a run. */
export async function seenByVersion(places: Places, beside: Beside, { lineage }: { readonly lineage: Lineage }, data: Ingested): Promise<Seen> {
  const { drops, split, holdout, trainedUntil, origin, refitted } = lineage
  const snapshot = await getSnapshot(places.database, beside.model, lineage.snapshot)
  if (origin !== undefined) {
    const seen = await knownOf(places, beside.model, origin.trainedOn)
    const all = [...new Set([...seen.drops, ...snapshot.parts.map((part) => part.drop)])]
    // A former release has not said what kept the units together: what did in the run that took them.
    const brought = seen.brought?.kind === 'units' ? { brought: { by: keptTogetherBy(snapshot), ...seen.brought } } : {}
    return withParts(places, beside, { ...seen, ...brought, drops: all }, snapshot.parts)
  }
  const present = new Set(data.history.map(({ id }) => id))
  const cut = lineage.cutBy ?? (Value.Check(StoredSplit, split) ? cutBy({ split, columns: snapshot.columns }) : undefined)
  const seen: Seen = {
    drops: drops.map(({ id }) => id),
    lostDrops: drops.some(({ id }) => !present.has(id)),
    split,
    ...(cut === undefined ? {} : { cutBy: cut }),
    ...(holdout === undefined ? {} : { holdout }),
    ...(refitted === undefined ? {} : { everyRow: true }),
    ...(trainedUntil === undefined ? {} : { trainedUntil }),
  }
  return withParts(places, beside, seen, snapshot.parts)
}

/** What a model had seen when it was brought. */
export async function seenBefore(places: Places, beside: Beside, trainedOn: TrainedOn): Promise<Seen> {
  return withParts(places, beside, await knownOf(places, beside.model, trainedOn), [])
}

/** With the parts of a snapshot and of all drops that it may have seen, where somebody will look into them. */
async function withParts(places: Places, { model, definition, isChampion = false }: Beside, seen: Seen, ofSnapshot: readonly Part[]): Promise<Seen> {
  if (!isChampion && !looksAtHeld(definition, seen)) return { ...seen, parts: [] }
  const known = new Set(ofSnapshot.map(({ drop }) => drop))
  const others = seen.drops.filter((drop) => !known.has(drop))
  const rows = others.length === 0 ? [] : await places.database.selectFrom('drops').select('part').where('model', '=', model).where('id', 'in', others).where('part', 'is not', null).execute()
  try {
    const parts: { drop: string; path: string }[] = []
    for (const { drop, object } of [...ofSnapshot, ...rows.map(({ part }) => Value.Parse(Part, part))]) parts.push({ drop, path: await places.objects.localPath(object) })
    return { ...seen, parts }
  } catch (error) {
    if (error instanceof RefitError && (error.code === 'object-missing' || error.code === 'object-damaged')) return seen
    throw error
  }
}

async function knownOf({ database, objects }: Places, model: string, trainedOn: TrainedOn): Promise<Seen> {
  const nothingKnown = { drops: [], lostDrops: false, split: null }
  switch (trainedOn.kind) {
    case 'units':
      return { ...nothingKnown, brought: { kind: 'units', file: await objects.localPath(trainedOn.object), ...(trainedOn.by === undefined ? {} : { by: trainedOn.by }) } }
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
        ...(trainedOn.cutBy === undefined ? {} : { cutBy: trainedOn.cutBy }),
        ...(trainedOn.holdout === undefined ? {} : { holdout: trainedOn.holdout }),
        ...(trainedOn.trainedUntil === undefined ? {} : { trainedUntil: trainedOn.trainedUntil }),
      }
    }
  }
}
