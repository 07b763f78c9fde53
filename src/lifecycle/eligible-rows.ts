import type { TestSet } from '../data/read-test-set.js'
import { cutBy } from '../define/comparability.js'
import { canonicalJson } from '../define/canonical-json.js'
import type { StoredModel } from '../define/stored-definition.js'
import type { Seen } from './seen.js'

type Eligible = (row: number) => boolean

/**
 * EVIDENCE rule 4: rows that a model has not trained or validated on. The same split by groups keeps every group on its
 * side for ever; by time, rows after the newest one the model knows; after a change of split, only rows of drops
 * that the model never saw, and of groups that none of these has. Of a model that was brought what was said of it counts:
 * the rows of its units (`learnt`, by row), a time, or nothing, and then it may have seen every drop there was.
 */
export function eligibleRows(
  definition: Pick<StoredModel, 'split' | 'holdout' | 'columns'>,
  model: Seen | undefined,
  testSet: Pick<TestSet, 'drops' | 'units' | 'times'>,
  learnt?: Uint8Array,
): Eligible {
  if (model === undefined) return () => true
  if (model.brought?.kind === 'units') {
    if (learnt === undefined) throw new Error('nobody has looked which rows are of the units that it was trained on')
    return (row) => learnt[row] === 0
  }
  if (model.brought?.kind === 'until') return after(model.brought.time, testSet)
  const same = isSameSplit(definition, model)
  if (same && definition.split.kind !== 'time') return () => true
  if (same && model.trainedUntil !== undefined) return after(model.trainedUntil, testSet)
  const known = new Set(model.drops)
  const knownDrops = testSet.drops.values.map((drop) => known.has(drop))
  const isKnown = (row: number): boolean => knownDrops[testSet.drops.codes[row] ?? 0] === true
  if (definition.split.kind === 'time') return (row) => !isKnown(row)
  const knownUnits = new Uint8Array(testSet.units.length)
  for (const [row, unit] of testSet.units.entries()) if (isKnown(row)) knownUnits[unit] = 1
  return (row) => !isKnown(row) && knownUnits[testSet.units[row] ?? 0] !== 1
}

/** Rows without a time may be of any. */
function after(time: string, { times }: Pick<TestSet, 'times'>): Eligible {
  const until = Date.parse(time)
  return (row) => (times[row] ?? Number.NaN) > until
}

/** Another column cuts other sides. Sides drawn among the units of a drop are drawn anew when the drop goes, or when others are held out. */
function isSameSplit({ split, holdout, columns }: Pick<StoredModel, 'split' | 'holdout' | 'columns'>, model: Seen): boolean {
  if (canonicalJson(model.split) !== canonicalJson(split)) return false
  if (model.cutBy !== undefined && model.cutBy !== cutBy({ split, columns })) return false
  const isDrawn = split.kind === 'group' && split.stratify !== undefined
  return !isDrawn || (!model.lostDrops && model.holdout === holdout)
}
