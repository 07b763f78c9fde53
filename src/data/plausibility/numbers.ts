import { LEVELS, type NumberProfile } from '../drop-profile-format.js'
import { beyondChance, dropsOf, FEWEST_ROWS, figure, percent, leastLimit, shareRatio, usualBeyond, usually, weightedQuantile, weightOf, type AcceptedShare, type Finding, type Weighted } from './reference.js'

/** A column of numbers in one drop; `rows` are those with a value. */
export interface Numbers {
  readonly profile: NumberProfile
  readonly rows: number
  readonly letThrough: boolean
}

/** That 30 of 100 rows lie elsewhere is a shift by about 0.8 standard deviations. */
const FLOOR = 0.3
/** Places at which a drop is compared with the accepted ones. */
const PLACES = 20
/** Ratios that are not worth telling from 0. */
const NEAR = 0.2
const WORTH_A_LOOK = 0.5
/** A part of the rows that is too small to count as a shift, but not as far beyond all that is known as `FAR` distances from the middle to that. */
const OUTER = 0.05
const FAR = 3

/**
 * How far the values of a column are from the limit beside those of accepted drops. What is compared is the share of rows
 * at or below a number, at numbers all over the range: so it does not matter how values are distributed or in which unit
 * they are, and a part of the rows that has moved is seen as well as all of them.
 */
export function compareNumbers(column: string, drop: Omit<Numbers, 'letThrough'>, accepted: readonly Numbers[]): readonly Finding[] {
  const shift = shiftOf(column, drop, accepted)
  const extreme = extremeOf(column, drop, accepted)
  return [...(shift === undefined ? [] : [shift]), ...(extreme === undefined ? [] : [extreme])]
}

function shiftOf(column: string, drop: Omit<Numbers, 'letThrough'>, accepted: readonly Numbers[]): Finding | undefined {
  const worst = { ratio: NEAR, beyond: 0, place: 0, share: 0, center: 0 }
  for (const place of placesOf(drop, accepted)) {
    const share = shareUpTo(drop.profile, place)
    const shares = sharesUpTo(accepted, place)
    if (isNear(share, shares, worst.ratio * FLOOR)) continue
    const center = middleOf(shares)
    if (Math.abs(share - center) * drop.rows < FEWEST_ROWS) continue
    const ratio = shareRatio({ share, rows: drop.rows }, shares, center, FLOOR, worst.ratio)
    if (ratio > worst.ratio) Object.assign(worst, { ratio, beyond: beyondChance({ share, rows: drop.rows }, shares, center), place, share, center })
  }
  if (worst.ratio === NEAR) return undefined
  const { place } = worst
  // Told so that the drop has more of it.
  const isAbove = worst.share < worst.center
  const told = (share: number): number => (isAbove ? 1 - share : share)
  const shares = sharesUpTo(accepted, place).map(({ share, rows }) => ({ value: told(share), weight: weightOf(rows) }))
  const where = isAbove ? `above ${figure(place)}` : `at or below ${figure(place)}`
  return {
    code: 'implausible-values',
    column,
    ratio: worst.ratio < WORTH_A_LOOK ? worst.ratio : Math.min(worst.ratio, worst.beyond / (leastLimit(FLOOR, accepted) + habitOf(accepted))),
    message: `Column ${column}: the median of this drop is ${figure(medianOf(drop.profile))}; in ${dropsOf(accepted)} it was ${usually(mediansOf(accepted), figure)}. ${percent(told(worst.share))} of its rows are ${where}; that was ${usually(shares, percent)}.`,
  }
}

/** Accepted drops that tell how much each differs from those before it. */
const HABIT_DROPS = 8

/** What a column that ever grows or wanders adds to the limit: half of its drops differed by more from those before them. */
function habitOf(accepted: readonly Numbers[]): number {
  const first = Math.max(2, accepted.length - HABIT_DROPS)
  const differences = accepted.slice(first).map((each, index) => {
    const before = accepted.slice(0, first + index)
    const distances = placesOf(each, before).map((place) => {
      const shares = sharesUpTo(before, place)
      return beyondChance({ share: shareUpTo(each.profile, place), rows: each.rows }, shares, middleOf(shares))
    })
    return { value: Math.max(...distances), weight: each.letThrough ? 0 : weightOf(each.rows) }
  })
  return usualBeyond(differences, 0.5)
}

function sharesUpTo(accepted: readonly Numbers[], place: number): readonly AcceptedShare[] {
  return accepted.map(({ profile, rows, letThrough }) => ({ share: shareUpTo(profile, place), rows, letThrough }))
}

function middleOf(shares: readonly AcceptedShare[]): number {
  return weightedQuantile(shares.map(({ share: value, rows }) => ({ value, weight: weightOf(rows) })), 0.5)
}

/** Whether the middle of the shares is no further away than this: most places need no more. */
function isNear(share: number, shares: readonly AcceptedShare[], distance: number): boolean {
  let [below, within, above] = [0, 0, 0]
  for (const each of shares) {
    if (each.share < share - distance) below += weightOf(each.rows)
    else if (each.share > share + distance) above += weightOf(each.rows)
    else within += weightOf(each.rows)
  }
  return below < within + above && above < within + below
}

/** Values that lie far beyond everything known: too few to shift the rest, and enough to spoil a model. Single peaks happen. */
function extremeOf(column: string, { profile, rows }: Omit<Numbers, 'letThrough'>, accepted: readonly Numbers[]): Finding | undefined {
  const middle = weightedQuantile(mediansOf(accepted), 0.5)
  if (OUTER * rows < FEWEST_ROWS) return undefined
  const at = (level: (typeof LEVELS)[number]): number => profile.quantiles[LEVELS.indexOf(level)] ?? middle
  const ends = [
    { value: at(0.95), known: Math.max(...accepted.map((each) => each.profile.max)) },
    { value: at(OUTER), known: Math.min(...accepted.map((each) => each.profile.min)) },
  ]
  const findings = ends.map(({ value, known }): Finding => {
    // By parts, for the distance between two of the largest numbers is none.
    const beyond = Math.sign(known - middle) * (value / 8 - known / 8)
    return {
      code: 'implausible-extremes',
      column,
      ratio: beyond <= 0 || known === middle ? 0 : beyond / (FAR * Math.abs(known / 8 - middle / 8)),
      message: `Column ${column}: ${percent(OUTER)} of the rows are ${value > known ? `${figure(value)} or more` : `${figure(value)} or less`}; in ${dropsOf(accepted)} no value was ${value > known ? 'above' : 'below'} ${figure(known)}.`,
    }
  })
  return findings.toSorted((one, other) => other.ratio - one.ratio).find(({ ratio }) => ratio > 0)
}

/** Numbers that are met in the drop and in the accepted ones, spread over all of them. */
function placesOf(drop: Omit<Numbers, 'letThrough'>, accepted: readonly Numbers[]): readonly number[] {
  const known = Float64Array.from(accepted.flatMap(({ profile }) => profile.quantiles)).sort()
  const step = Math.max(1, known.length / PLACES)
  const places = new Set(drop.profile.quantiles)
  for (let at = step / 2; at < known.length; at += step) places.add(known[Math.floor(at)] ?? 0)
  return [...places]
}

/** The share of rows that are at or below a number: between the quantiles that are known, evenly. */
export function shareUpTo({ min, max, quantiles }: NumberProfile, value: number): number {
  if (value < min) return 0
  if (value >= max) return 1
  // The last quantile at or below the value, by halving.
  let from = 0
  let to = quantiles.length
  while (from < to) {
    const middle = (from + to) >> 1
    if ((quantiles[middle] ?? Infinity) <= value) from = middle + 1
    else to = middle
  }
  const [lower, lowerLevel] = from === 0 ? [min, 0] : [quantiles[from - 1] ?? min, LEVELS[from - 1] ?? 0]
  const [upper, upperLevel] = from === quantiles.length ? [max, 1] : [quantiles[from] ?? max, LEVELS[from] ?? 1]
  return upper === lower ? lowerLevel : lowerLevel + ((value / 2 - lower / 2) / (upper / 2 - lower / 2)) * (upperLevel - lowerLevel)
}

function medianOf({ quantiles }: NumberProfile): number {
  return quantiles[LEVELS.indexOf(0.5)] ?? 0
}

function mediansOf(accepted: readonly Numbers[]): readonly Weighted[] {
  return accepted.map(({ profile, rows }) => ({ value: medianOf(profile), weight: weightOf(rows) }))
}
