import { limitFaults } from '../data/drop-limits.js'
import { implausibilities } from '../data/plausibility/plausibility.js'
import type { AcceptedDrop } from '../data/plausibility/reference.js'
import type { DropProfile } from '../data/drop-profile-format.js'
import type { DropFault, DropReading } from '../data/snapshot.js'
import { digestOf } from '../define/canonical-json.js'
import { plainContract, type StoredModel } from '../define/stored-definition.js'
import type { Drop } from './drop.js'

/** Looks at drops whose rows are sound, one after the other, beside those that have been accepted by then. */
export interface Judge {
  /** The reading with what is wrong with the drop as a whole. `former` is not looked at: this drop would take its place. */
  judged(drop: Drop, reading: DropReading, former: Drop | undefined): DropReading
  /** From now on later drops are looked at beside this one. */
  accepted(drop: Drop, reading: DropReading): void
  /** From now on they are not any more. */
  superseded(drop: Drop): void
  /** A copy has the rows of the original from now on; returns what is known of them. */
  replaced(original: Drop, copy: Drop): DropProfile | undefined
}

/** What drops were found to be beside which others: a judgement costs far more than to look whether it still holds. */
export type Judgements = Map<string, { readonly beside: string; readonly implausible: readonly DropFault[] }>

/**
 * Judges by the contract of a definition; `known` are the drops accepted before, in order of arrival. What stands in
 * `judgements` is not judged again, unless the drops that it was compared with are others now, or have changed.
 */
export function judgeBeside(known: readonly AcceptedDrop[], { columns, contract = plainContract, delivery }: Pick<StoredModel, 'columns' | 'contract' | 'delivery'>, judgements: Judgements = new Map()): Judge {
  const history = new Map(known.map((drop) => [drop.id, drop]))
  /** Also of those that are superseded. */
  const profiles = new Map(known.map(({ id, profile }) => [id, profile]))
  const named = new WeakMap<AcceptedDrop, string>()
  const nameOf = (drop: AcceptedDrop): string => {
    const name = named.get(drop) ?? digestOf([drop.id, drop.arrivedAt.toISOString(), drop.profile])
    named.set(drop, name)
    return name
  }
  // Where each drop is the whole table, it is the former ones that it must be like, though it takes their place.
  const isWhole = delivery?.kind === 'replace'
  const rules = { columns, plausibility: contract.plausibility, rowsMayRepeat: isWhole || delivery?.kind === 'upsert' }
  return {
    judged(drop, reading, replaced) {
      if (!reading.accepted || reading.profile === undefined) return reading
      const { part, profile } = reading
      const beside = [...history.values()].filter(({ id }) => isWhole || id !== replaced?.id)
      const names = digestOf([drop.recordedAt.toISOString(), profile, beside.map(nameOf)])
      const former = judgements.get(drop.id)
      const implausible = former?.beside === names ? former.implausible : implausibilities({ arrivedAt: drop.recordedAt, profile }, beside, rules)
      judgements.set(drop.id, { beside: names, implausible })
      const faults = [...limitFaults(part, drop.recordedAt, contract), ...implausible]
      if (faults.length === 0) return reading
      if (!drop.released) return { accepted: false, faults }
      const letThrough = [...new Set(implausible.flatMap(({ column }) => (column === undefined ? [] : [column])))]
      return letThrough.length === 0 ? reading : { accepted: true, part, profile: { ...profile, letThrough } }
    },
    accepted(drop, reading) {
      if (!reading.accepted || reading.profile === undefined) return
      history.set(drop.id, { id: drop.id, key: drop.key, arrivedAt: drop.recordedAt, profile: reading.profile })
      profiles.set(drop.id, reading.profile)
    },
    superseded(drop) {
      if (!isWhole) history.delete(drop.id)
    },
    replaced({ id }, copy) {
      const profile = profiles.get(id)
      if (profile !== undefined) {
        profiles.set(copy.id, profile)
        history.set(copy.id, { id: copy.id, key: copy.key, arrivedAt: copy.recordedAt, profile })
      }
      return profile
    },
  }
}
