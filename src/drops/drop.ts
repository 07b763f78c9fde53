import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import type { Selectable } from 'kysely'
import { DropFault, Part } from '../data/snapshot.js'
import type { DropState, Schema } from '../database/schema.js'
import { DecisionKind } from './transitions.js'

/** Why a drop is in its state. */
export const DropReason = Type.Object({
  /** One sentence in words. */
  summary: Type.Optional(Type.String()),
  faults: Type.Optional(Type.Array(DropFault)),
  actor: Type.Optional(Type.String()),
})
export type DropReason = Static<typeof DropReason>

/** One file of a drop that has several. */
export const DropFile = Type.Object({
  /** Its name within the drop. */
  key: Type.String(),
  sha256: Type.String(),
  /** Object key of its raw bytes. */
  object: Type.String(),
  bytes: Type.Integer(),
  /** Of the object, where the store keeps versions. */
  objectVersion: Type.Optional(Type.String()),
  /** What its deliverer said that it is, where it is something else. */
  declaredSha256: Type.Optional(Type.String()),
})
export type DropFile = Static<typeof DropFile>

/** What someone decided about a drop, and why. */
export const HandDecision = Type.Object({
  kind: DecisionKind,
  actor: Type.String(),
  at: Type.String(),
  reason: Type.String(),
})
export type HandDecision = Static<typeof HandDecision>

/** One arrived object. Its raw bytes lie in the object store from the moment it is recorded. */
export interface Drop {
  /** `<model>-d<number>` */
  readonly id: string
  readonly model: string
  readonly source: string
  readonly key: string
  readonly sourceVersion: string
  /** Of its content; of the list of its files where it has several. */
  readonly sha256: string
  /** Object key of the raw bytes, or of the list of its files. */
  readonly object: string
  /** Which version of the object was stored, where the store keeps versions. */
  readonly objectVersion: string | undefined
  readonly bytes: number
  /** Where it has several: its files, in the order of their names. */
  readonly files: readonly DropFile[] | undefined
  /** Where a source that counts on goes on after it. */
  readonly watermark: string | undefined
  readonly state: DropState
  readonly reason: DropReason
  readonly part: Part | undefined
  readonly supersededBy: string | undefined
  /** The run that read it. */
  readonly run: string | undefined
  /** Someone took the responsibility for it: what can be waived of its faults is waived. */
  readonly released: boolean
  /** The last decision of a person about it. */
  readonly decision: HandDecision | undefined
  readonly recordedAt: Date
  readonly changedAt: Date
}

/** The raw bytes of a drop: one file, or several in the order of their names. */
export function rawFiles(drop: Drop): readonly Pick<DropFile, 'key' | 'object'>[] {
  return drop.files ?? [drop]
}

/**
 * Orders drops of one model by their arrival, which their numbers tell. Times would not do: a later delivery must
 * supersede the former one though the clock was set back in between.
 */
export function byArrival(a: Pick<Drop, 'id'>, b: Pick<Drop, 'id'>): number {
  return arrivalNumber(a.id) - arrivalNumber(b.id)
}

function arrivalNumber(id: string): number {
  return Number(id.slice(id.lastIndexOf('-d') + 2))
}

/** Decodes a row of `drops`. */
export function dropFromRow(row: Selectable<Schema['drops']>): Drop {
  return {
    id: row.id,
    model: row.model,
    source: row.source,
    key: row.key,
    sourceVersion: row.source_version,
    sha256: row.sha256,
    object: row.object,
    objectVersion: row.object_version ?? undefined,
    bytes: Number(row.bytes),
    files: row.files === null ? undefined : Value.Parse(Type.Array(DropFile), row.files),
    watermark: row.watermark ?? undefined,
    state: row.state,
    reason: Value.Parse(DropReason, row.reason),
    part: row.part === null ? undefined : Value.Parse(Part, row.part),
    supersededBy: row.superseded_by ?? undefined,
    run: row.run ?? undefined,
    released: row.released,
    decision: row.decision === null ? undefined : Value.Parse(HandDecision, row.decision),
    recordedAt: row.recorded_at,
    changedAt: row.changed_at,
  }
}
