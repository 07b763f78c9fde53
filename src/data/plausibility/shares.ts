import type { CategoryProfile } from '../drop-profile-format.js'
import { dropsOf, FEWEST_ROWS, percent, shareError, shareRatio, usualBeyond, usually, weightedQuantile, weightOf, type Finding, type Weighted } from './reference.js'

/** Some rows of a drop without a value of a column. */
export interface Missing {
  readonly missing: number
  readonly rows: number
  readonly letThrough: boolean
}

/** A column of categories in one drop; `rows` are those with a value. */
export interface Categories {
  readonly profile: CategoryProfile
  readonly rows: number
  readonly letThrough: boolean
}

const FLOORS = { missing: 0.1, newCategories: 0.1, shares: 0.25 }

/** How far the share of missing values is from the limit; fewer than usual is no reason to refuse anything. */
export function compareMissing(column: string, drop: Omit<Missing, 'letThrough'>, accepted: readonly Missing[]): Finding | undefined {
  const shares = accepted.map(({ missing, rows, letThrough }) => ({ share: missing / rows, rows, letThrough }))
  const values = shares.map(({ share: value, rows }) => ({ value, weight: weightOf(rows) }))
  const center = weightedQuantile(values, 0.5)
  const share = drop.missing / drop.rows
  if ((share - center) * drop.rows < FEWEST_ROWS) return undefined
  return {
    code: 'implausible-missing',
    column,
    ratio: shareRatio({ share, rows: drop.rows }, shares, center, FLOORS.missing),
    message: `Column ${column}: ${percent(share)} of the rows have no value; in ${dropsOf(accepted)} it was ${usually(values, percent)}.`,
  }
}

/** How far the categories of a drop are from the limit: those never seen before, one that seems renamed, and the shares of all. */
export function compareCategories(column: string, drop: Omit<Categories, 'letThrough'>, accepted: readonly Categories[]): readonly Finding[] {
  const centers = centersOf(accepted)
  const expected = expectedNew(accepted)
  return [newCategories(column, drop, centers, expected), renamed(column, drop, accepted, centers, expected), shifted(column, drop, accepted, centers)].filter((finding) => finding !== undefined)
}

/** The share of rows with a category never seen before that is to be expected of the next drop. */
function expectedNew(accepted: readonly Categories[]): number {
  const known = new Map<string, number>()
  const usual: { value: number; weight: number }[] = []
  for (const [index, { profile, rows }] of accepted.entries()) {
    // Each beside those before it; the first ones have too few of them.
    if (index >= accepted.length / 2) usual.push({ value: shareOutside(profile, known), weight: weightOf(rows) })
    for (const [value, count] of profile.values) known.set(value, (known.get(value) ?? 0) + count)
  }
  const counts = [...known.values()]
  // What has been met once tells how much is still to come (Good and Turing).
  const toCome = counts.filter((count) => count === 1).length / Math.max(1, counts.reduce((sum, count) => sum + count, 0))
  return Math.max(toCome, weightedQuantile(usual, 0.8))
}

function newCategories(column: string, { profile, rows }: Omit<Categories, 'letThrough'>, known: ReadonlyMap<string, number>, expected: number): Finding | undefined {
  const share = shareOutside(profile, known)
  if (share * rows < FEWEST_ROWS) return undefined
  const fresh = profile.values.filter(([value]) => !known.has(value))
  const told = fresh.slice(0, 3).map(([value, count]) => `${JSON.stringify(value)} (${percent(count / profile.counted)})`)
  return {
    code: 'implausible-categories',
    column,
    ratio: Math.max(0, share - 4 * shareError(expected, rows)) / (FLOORS.newCategories + 3 * expected),
    message: `Column ${column}: ${percent(share)} of the rows have a category that no accepted drop has: ${told.join(', ')}${fresh.length > 3 ? `, and ${fresh.length - 3} more` : ''}.`,
  }
}

function shareOutside({ values }: CategoryProfile, known: ReadonlyMap<string, unknown>): number {
  const listed = values.reduce((sum, [, count]) => sum + count, 0)
  return listed === 0 ? 0 : values.reduce((sum, [value, count]) => sum + (known.has(value) ? 0 : count), 0) / listed
}

/** Rows of a category that were to be expected when it is called gone. */
const EXPECTED_WHEN_GONE = 4

/** A category that was in nearly every drop is gone while one that was never there has about its share. */
function renamed(column: string, { profile, rows }: Omit<Categories, 'letThrough'>, accepted: readonly Categories[], centers: ReadonlyMap<string, number>, expected: number): Finding | undefined {
  const present = new Set(profile.values.map(([value]) => value))
  // Where categories come and go, that says nothing; and of a list that is not whole none can be said to be gone.
  const fresh = profile.values.filter(([value, count]) => !centers.has(value) && count >= 3 && count / profile.counted > 2 * expected)
  if (fresh.length === 0 || profile.distinct > profile.values.length) return undefined
  for (const [value, center] of centers) {
    if (present.has(value) || center * rows < EXPECTED_WHEN_GONE) continue
    const [other, count = 0] = fresh.find(([, each]) => each / profile.counted > center / 3 && each / profile.counted < center * 3) ?? []
    if (other === undefined) continue
    const shares = sharesOf(value, accepted)
    return {
      code: 'implausible-renaming',
      column,
      // Expected even in the drops in which it is rare.
      ratio: (weightedQuantile(shares, 0.2) * rows) / EXPECTED_WHEN_GONE,
      message: `Column ${column}: ${JSON.stringify(value)} is gone, which ${usually(shares, percent)} of the rows had in ${dropsOf(accepted)}; ${percent(count / profile.counted)} have ${JSON.stringify(other)}, which none had before. It may have been renamed.`,
    }
  }
  return undefined
}

/** How many rows would need another category for the shares to be as usual. */
function shifted(column: string, { profile, rows }: Omit<Categories, 'letThrough'>, accepted: readonly Categories[], centers: ReadonlyMap<string, number>): Finding | undefined {
  const distance = distanceFrom(profile, centers)
  if (distance * rows < FEWEST_ROWS) return undefined
  const spread = [...centers.values()].reduce((sum, share) => sum + Math.sqrt(share * (1 - share)), 0)
  // What chance is expected to do by itself; and how far beyond that it may come.
  const byChance = (count: number): number => (0.4 * spread) / Math.sqrt(count)
  const chance = byChance(rows) + 1.5 / Math.sqrt(rows)
  const usual = usualBeyond(accepted.map((each) => ({ value: distanceFrom(each.profile, centers) - byChance(each.rows), weight: each.letThrough ? 0 : weightOf(each.rows) })))
  const more = ([value, count]: readonly [string, number]): number => count / profile.counted - (centers.get(value) ?? 0)
  const [moved] = profile.values.toSorted((one, other) => more(other) - more(one))
  if (moved === undefined) return undefined
  const [value, count] = moved
  return {
    code: 'implausible-shares',
    column,
    ratio: Math.max(0, distance - chance) / (FLOORS.shares * (1 + 1 / accepted.length) + usual),
    message: `Column ${column}: ${percent(count / profile.counted)} of the rows have ${JSON.stringify(value)}; in ${dropsOf(accepted)} it was ${usually(sharesOf(value, accepted), percent)}. ${percent(distance)} of the rows would need another category for the shares to be as usual.`,
  }
}

/** Half of the sum of all differences of shares: the part of the rows that would have to change. */
function distanceFrom({ values, counted }: CategoryProfile, centers: ReadonlyMap<string, number>): number {
  let distance = 0
  let met = 0
  for (const [value, count] of values) {
    const center = centers.get(value) ?? 0
    distance += Math.abs(count / counted - center)
    met += center
  }
  return (distance + Math.max(0, 1 - met)) / 2
}

/** The share of each category that accepted drops have, in the mean of them. */
function centersOf(accepted: readonly Categories[]): ReadonlyMap<string, number> {
  const total = accepted.reduce((sum, { rows }) => sum + weightOf(rows), 0)
  const centers = new Map<string, number>()
  for (const { profile, rows } of accepted) {
    for (const [value, count] of profile.values) centers.set(value, (centers.get(value) ?? 0) + ((count / profile.counted) * weightOf(rows)) / total)
  }
  return centers
}

function sharesOf(value: string, accepted: readonly Categories[]): readonly Weighted[] {
  return accepted.map(({ profile, rows }) => ({ value: (profile.values.find(([each]) => each === value)?.[1] ?? 0) / Math.max(1, profile.counted), weight: weightOf(rows) }))
}
