import type { Units } from './scored.js'

/** Beyond this many blocks of time leaving out each of them would cost more than drawing them. */
const MOST_BLOCKS = 2000
/** Into at most so many parts other units are dealt: what leaving out each costs is an eighth of what the draws do. */
const MOST_PARTS = 256

/** A figure without each part of the units in turn: what that part does to it. */
export interface LeftOut {
  readonly figures: Float64Array
  /** How many of the parts have rows. */
  readonly present: number
  /** Whether the parts are blocks of time, one after the other. */
  readonly isSerial: boolean
}

/** Into how many parts units are dealt, one after the other, to be left out: each is one of its own where they are few enough, and where their order tells how alike they are. */
export function partsOf(units: Units): number {
  return isInOrder(units) ? units.count : Math.min(units.count, MOST_PARTS)
}

/** What is known of a figure from its values without each part. */
export function leftOutOf(figures: Float64Array, units: Units): LeftOut {
  const isPresent = new Uint8Array(figures.length)
  for (const row of units.rows) isPresent[(units.unitOfRow[row] ?? 0) % figures.length] = 1
  return { figures, present: isPresent.reduce((sum, present) => sum + present, 0), isSerial: isInOrder(units) }
}

function isInOrder({ count, isSerial }: Units): boolean {
  return isSerial === true && count <= MOST_BLOCKS
}

/** A figure of two figures, without each part in turn. */
export function besideEachOther(one: LeftOut | undefined, other: LeftOut | undefined, figure: (one: number, other: number) => number): LeftOut | undefined {
  if (one === undefined || other === undefined) return undefined
  return { figures: one.figures.map((value, part) => figure(value, other.figures[part] ?? Number.NaN)), present: Math.max(one.present, other.present), isSerial: one.isSerial }
}

/**
 * What the reciprocal of the degrees of freedom of a variance is more than with normal parts: where a few of them sway the
 * figure most, as where errors differ in size from group to group, or in the F1 of a rare class, the variance is known no
 * better than from those few. By F. E. Satterthwaite (1946) the degrees of freedom are twice its square over its own
 * variance, which is 2 / (n - 1) and the excess kurtosis over n (R. A. Fisher, 1930); dealing units into fewer parts
 * multiplies both the kurtosis and n by the same. At least 0: chance must not narrow a bound. Samples of n values cannot
 * show more than that all of it is in one of them, which leaves two degrees.
 */
export function unevenness(leftOut: LeftOut | undefined): number {
  if (leftOut === undefined) return 0
  const { figures, present } = leftOut
  const mean = figures.reduce((sum, value) => sum + value, 0) / figures.length
  let squares = 0
  let fourths = 0
  for (const value of figures) {
    squares += (value - mean) ** 2
    fourths += (value - mean) ** 4
  }
  // Nothing varies, or a figure is undefined: the bounds tell that by themselves.
  if (!(squares > 0)) return 0
  return Math.max(0, (fourths / squares ** 2 - 1 / present) / 2 - 1 / (present - 1))
}
