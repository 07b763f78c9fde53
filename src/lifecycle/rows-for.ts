import { ROW_HELD } from '../data/held.js'
import { heldRows } from '../data/held-rows.js'
import { learntRows } from '../data/learnt-rows.js'
import type { TestSet } from '../data/read-test-set.js'
import type { ChampionFacts, CheckInput } from './check-candidate.js'
import { eligibleRows, looksAtHeld, looksAtUnits } from './eligible-rows.js'
import type { Seen } from './seen.js'

type Rows = (row: number) => boolean
type OfSets = Pick<CheckInput, 'definition' | 'sets'>

/** Of a first version there is nothing but its figures; where it may have seen every row, they are shown with a warning. */
export function isFlattered({ candidate, champion }: CheckInput): boolean {
  return champion === undefined && candidate?.brought?.kind === 'unknown'
}

/** Rows that neither the candidate nor another model has trained or validated on. */
export async function eligibleForBoth(input: CheckInput, other: Seen | undefined, testSet: TestSet): Promise<Rows> {
  const each = await Promise.all([other, isFlattered(input) ? undefined : input.candidate].map(async (seen) => eligibleFor(input, seen, testSet)))
  return (row) => each.every((isEligible) => isEligible(row))
}

async function eligibleFor(input: OfSets, seen: Seen | undefined, testSet: TestSet): Promise<Rows> {
  const { definition, sets } = input
  if (seen === undefined) return eligibleRows(definition, seen, testSet)
  const learnt = seen.brought?.kind === 'units' && looksAtUnits(definition, seen) ? await learntRows(sets.folder, definition.columns, seen.brought.file, testSet.rows) : undefined
  const held = looksAtHeld(definition, seen) ? await heldBy(input, seen, testSet) : undefined
  return eligibleRows(definition, seen, testSet, { learnt, held })
}

/**
 * Rows that were not there when the champion was made (EVIDENCE rule 5): neither by their drop, nor by what they say. What is
 * delivered again, in a drop that supersedes another or as the whole table, is not new because its drop is.
 */
export async function freshFor(input: OfSets, champion: Pick<ChampionFacts, 'drops' | 'parts'>, testSet: TestSet): Promise<Rows> {
  const known = new Set(champion.drops)
  const isKnown = testSet.drops.values.map((drop) => known.has(drop))
  if (isKnown.every(Boolean)) return () => false
  const held = await heldBy(input, champion, testSet)
  return (row) => isKnown[testSet.drops.codes[row] ?? 0] !== true && held[row] !== ROW_HELD
}

/** Which rows of the test set, and which units, the drops of a model held; all, where these are not to be had. */
async function heldBy({ definition, sets }: OfSets, { parts }: Pick<Seen, 'parts'>, { rows }: TestSet): Promise<Uint8Array> {
  return parts === undefined ? new Uint8Array(rows).fill(ROW_HELD) : heldRows(sets.folder, rows, { parts, columns: definition.columns, delivery: definition.delivery })
}
