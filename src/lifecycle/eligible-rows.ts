import { ROW_HELD } from '../data/held.js'
import type { TestSet } from '../data/read-test-set.js'
import { cutBy, keptTogetherBy } from '../define/comparability.js'
import { canonicalJson } from '../define/canonical-json.js'
import type { StoredModel } from '../define/stored-definition.js'
import type { Seen } from './seen.js'

type Eligible = (row: number) => boolean
type Definition = Pick<StoredModel, 'split' | 'holdout' | 'columns'>

/** What has been looked up of the rows of a test set, where a model asks for it. */
export interface LookedUp {
  /** 1 for each row of the units that a model was trained on, where `looksAtUnits`. */
  readonly learnt?: Uint8Array | undefined
  /** Which rows and units its drops held (`heldRows`), where `looksAtHeld`. */
  readonly held?: Uint8Array | undefined
}

/**
 * EVIDENCE rule 4: rows that a model has not trained or validated on. The same split by groups keeps every group on its
 * side for ever; by time, rows after the newest one the model knows; after a change of split, or beside a model that was
 * trained on every row (by time besides after its newest one), only rows of drops that the model never saw, that were in none of these, and of groups that none of
 * these has. Of a model that was brought what was said of it counts: the rows of its units, a time, or nothing, and then it
 * may have seen every drop there was.
 */
export function eligibleRows(definition: Definition, model: Seen | undefined, testSet: Pick<TestSet, 'drops' | 'units' | 'times'>, { learnt, held }: LookedUp = {}): Eligible {
  if (model === undefined) return () => true
  if (looksAtUnits(definition, model)) {
    if (learnt === undefined) throw new Error('nobody has looked which rows are of the units that it was trained on')
    return (row) => learnt[row] === 0
  }
  if (model.brought?.kind === 'until') return after(model.brought.time, testSet)
  if (!looksAtHeld(definition, model)) return model.trainedUntil === undefined || definition.split.kind !== 'time' ? () => true : after(model.trainedUntil, testSet)
  // Units that were named by another grouping: nothing else is known of it.
  if (model.brought?.kind === 'units' && model.drops.length === 0) return () => false
  if (held === undefined) throw new Error('nobody has looked which rows its drops held')
  const known = new Set(model.drops)
  const knownDrops = testSet.drops.values.map((drop) => known.has(drop))
  const isKnown = (row: number): boolean => knownDrops[testSet.drops.codes[row] ?? 0] === true || held[row] === ROW_HELD
  if (definition.split.kind === 'time') {
    // A row that is told anew has another target, and its time all the same.
    const isLater = model.everyRow === true && model.trainedUntil !== undefined ? after(model.trainedUntil, testSet) : (): boolean => true
    return (row) => !isKnown(row) && isLater(row)
  }
  const knownUnits = new Uint8Array(testSet.units.length)
  for (const [row, unit] of testSet.units.entries()) if (isKnown(row)) knownUnits[unit] = 1
  return (row) => held[row] === 0 && knownUnits[testSet.units[row] ?? 0] !== 1
}

/** Whether the units decide that a model is said to have trained on: as long as the same column keeps rows together. */
export function looksAtUnits(definition: Definition, { brought }: Seen): boolean {
  return brought?.kind === 'units' && brought.by === keptTogetherBy(definition)
}

/** Whether it has to be looked which rows a model's drops held, since neither what was said of it nor the split tells. */
export function looksAtHeld(definition: Definition, model: Seen): boolean {
  if (looksAtUnits(definition, model) || model.brought?.kind === 'until') return false
  return !isSameSplit(definition, model) || (definition.split.kind === 'time' && model.trainedUntil === undefined)
}

/** Rows without a time may be of any. */
function after(time: string, { times }: Pick<TestSet, 'times'>): Eligible {
  const until = Date.parse(time)
  return (row) => (times[row] ?? Number.NaN) > until
}

/** Another column cuts other sides, and where nobody knows which one did, others may have been cut. Sides drawn among the units of a drop are drawn anew when the drop goes, or when others are held out. */
function isSameSplit({ split, holdout, columns }: Pick<StoredModel, 'split' | 'holdout' | 'columns'>, model: Seen): boolean {
  // No side was kept from it.
  if (model.everyRow === true) return false
  if (canonicalJson(model.split) !== canonicalJson(split)) return false
  if (model.cutBy !== cutBy({ split, columns })) return false
  const isDrawn = split.kind === 'group' && split.stratify !== undefined
  return !isDrawn || (!model.lostDrops && model.holdout === holdout)
}
