import { Type, type Static } from 'typebox'
import type { DropState } from '../database/schema.js'
import type { EventKind } from '../runs/event.js'

/** What people can decide about a drop. */
export const DecisionKind = Type.Union([Type.Literal('release'), Type.Literal('discard'), Type.Literal('withdraw'), Type.Literal('restore')])
export type DecisionKind = Static<typeof DecisionKind>

interface Transition {
  /** The states that it leads from; from any other it is refused. */
  readonly from: readonly DropState[]
  readonly to: DropState
  readonly event: EventKind
  /** As in "Drop d7 was … by cli:alice". */
  readonly done: string
}

/** Every move between states that a person can cause. All others are those of an ingest, in settle.ts. */
export const transitions: Readonly<Record<DecisionKind, Transition>> = {
  release: { from: ['quarantined'], to: 'recorded', event: 'drop.released', done: 'released' },
  discard: { from: ['recorded', 'quarantined'], to: 'discarded', event: 'drop.discarded', done: 'discarded' },
  // Also one that was superseded: else it would come back when the one that superseded it is withdrawn.
  withdraw: { from: ['recorded', 'ingested', 'superseded'], to: 'withdrawn', event: 'drop.withdrawn', done: 'withdrawn' },
  // Also one in quarantine: it is read again, by the contract of today.
  restore: { from: ['quarantined', 'discarded', 'withdrawn'], to: 'recorded', event: 'drop.restored', done: 'restored' },
}

/** What a decision does to a drop: it moves, it is there already (a repeated decision changes nothing), or it may not. */
export function consequenceOf(kind: DecisionKind, drop: { readonly state: DropState; readonly released: boolean }): 'moves' | 'stands' | 'refused' {
  const { from, to } = transitions[kind]
  if (from.includes(drop.state)) return 'moves'
  if (kind === 'release') return drop.released && (drop.state === 'recorded' || drop.state === 'ingested') ? 'stands' : 'refused'
  return drop.state === to ? 'stands' : 'refused'
}
