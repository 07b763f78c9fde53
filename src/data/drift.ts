import { histogramOf } from './histogram.js'
import type { ColumnDrift, ColumnProfile } from './profile.js'

/** Added to the rows of each bin, for a share of 0 has no logarithm. */
const HALF_A_ROW = 0.5
const MOST_NAMED = 20
/** In a sample fewer rows may be missed by chance. */
const ENOUGH_TO_MISS = 20

/** The values of a column: sorted numbers (times as milliseconds), or rows by category. */
export type ColumnValues = { readonly kind: 'numbers'; readonly sorted: Float64Array } | { readonly kind: 'categories'; readonly rows: ReadonlyMap<string, number> }

interface Before {
  readonly column: ColumnProfile
  readonly rows: number
  readonly isSample: boolean
}

/** How far a column has moved: the values of now on the bins or categories of before. */
export function driftOf(before: Before, now: { readonly values: ColumnValues | undefined; readonly missing: number; readonly rows: number }): ColumnDrift {
  const shares = { missingBefore: shareOf(before.column.missing, before.rows), missing: shareOf(now.missing, now.rows) }
  const { values } = now
  const histogram = before.column.numbers?.histogram ?? before.column.times?.histogram
  const { categories } = before.column
  if (values?.kind === 'numbers' && histogram !== undefined) {
    return { psi: stabilityIndex(histogram.counts, histogramOf(values.sorted, histogram.edges).counts), ...shares, newCategories: [], goneCategories: [] }
  }
  if (values?.kind !== 'categories' || categories === undefined) return { ...shares, newCategories: [], goneCategories: [] }
  const listed = new Set(categories.values.map(({ value }) => value))
  const least = categories.values.at(-1)?.rows ?? 0
  const others = [...values.rows].filter(([value]) => !listed.has(value))
  const total = [...values.rows.values()].reduce((sum, rows) => sum + rows, 0)
  const totalBefore = categories.values.reduce((sum, { rows }) => sum + rows, categories.otherRows)
  // Where not all categories were listed, one is new if it would have been among the listed.
  const isNew = (rows: number): boolean => categories.otherRows === 0 || rows / total > least / totalBefore
  return {
    psi: stabilityIndex(
      [...categories.values.map(({ rows }) => rows), categories.otherRows],
      [...categories.values.map(({ value }) => values.rows.get(value) ?? 0), others.reduce((sum, [, rows]) => sum + rows, 0)],
    ),
    ...shares,
    newCategories: others.filter(([, rows]) => isNew(rows)).toSorted((a, b) => b[1] - a[1]).slice(0, MOST_NAMED).map(([value]) => value),
    goneCategories: categories.values.filter(({ value, rows }) => !values.rows.has(value) && (!before.isSample || rows >= ENOUGH_TO_MISS)).slice(0, MOST_NAMED).map(({ value }) => value),
  }
}

/** The population stability index: sum over the bins of (q − p) ln(q / p). 0 for the same shares; 0.1 and 0.25 are the usual limits. */
export function stabilityIndex(before: readonly number[], now: readonly number[]): number {
  const shares = (counts: readonly number[]): readonly number[] => {
    const total = counts.reduce((sum, count) => sum + count + HALF_A_ROW, 0)
    return counts.map((count) => (count + HALF_A_ROW) / total)
  }
  const [p, q] = [shares(before), shares(now)]
  return p.reduce((sum, share, bin) => sum + ((q[bin] ?? 0) - share) * Math.log((q[bin] ?? 0) / share), 0)
}

function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}
