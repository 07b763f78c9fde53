import type { TestSet } from '../data/read-test-set.js'
import { canonicalJson } from '../define/canonical-json.js'
import type { StoredModel } from '../define/stored-definition.js'
import type { ChampionFacts } from './check-candidate.js'

type Facts = Pick<ChampionFacts, 'split' | 'holdout' | 'drops' | 'lostDrops' | 'trainedUntil'>

/**
 * EVIDENCE rule 4: rows that neither model has trained or validated on. The same split by groups keeps every group on its
 * side for ever; by time, rows after the newest one the champion knows; after a change of split, only rows of drops
 * that the champion never saw, and of groups that none of these has.
 */
export function eligibleRows(
  definition: Pick<StoredModel, 'split' | 'holdout'>,
  champion: Facts | undefined,
  testSet: Pick<TestSet, 'drops' | 'units' | 'times'>,
): (row: number) => boolean {
  if (champion === undefined) return () => true
  const same = isSameSplit(definition, champion)
  if (same && definition.split.kind !== 'time') return () => true
  const { trainedUntil } = champion
  if (same && trainedUntil !== undefined) {
    const until = Date.parse(trainedUntil)
    return (row) => (testSet.times[row] ?? Number.NaN) > until
  }
  const known = new Set(champion.drops)
  const knownDrops = testSet.drops.values.map((drop) => known.has(drop))
  const isKnown = (row: number): boolean => knownDrops[testSet.drops.codes[row] ?? 0] === true
  if (definition.split.kind === 'time') return (row) => !isKnown(row)
  const knownUnits = new Uint8Array(testSet.units.length)
  for (const [row, unit] of testSet.units.entries()) if (isKnown(row)) knownUnits[unit] = 1
  return (row) => !isKnown(row) && knownUnits[testSet.units[row] ?? 0] !== 1
}

/** Sides drawn among the units of a drop are drawn anew when the drop goes, or when others are held out. */
function isSameSplit({ split, holdout }: Pick<StoredModel, 'split' | 'holdout'>, champion: Facts): boolean {
  if (canonicalJson(champion.split) !== canonicalJson(split)) return false
  const isDrawn = split.kind === 'group' && split.stratify !== undefined
  return !isDrawn || (!champion.lostDrops && champion.holdout === holdout)
}
