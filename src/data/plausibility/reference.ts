import type { DropProfile } from '../drop-profile-format.js'

/** An accepted drop that later ones are compared with. */
export interface AcceptedDrop {
  readonly id: string
  readonly key: string
  readonly arrivedAt: Date
  readonly profile: DropProfile
}

/** The drop that is looked at. */
export type ArrivedDrop = Pick<AcceptedDrop, 'arrivedAt' | 'profile'>

/** How far a drop is from being implausible in one respect: above 1 it is. */
export interface Finding {
  readonly code: string
  readonly column?: string
  readonly ratio: number
  readonly message: string
}

/**
 * What a figure of the drop is compared with: one value of it for each of some accepted drops. `weight` grows with a
 * drop's rows and never above 1, so that neither many tiny drops nor one huge one decide.
 */
export interface Weighted {
  readonly value: number
  readonly weight: number
}

/** Rows at which a drop has half the weight of a huge one. */
const HALF_WEIGHT_ROWS = 30

export function weightOf(rows: number): number {
  return rows / (rows + HALF_WEIGHT_ROWS)
}

/** The value below which `level` of the weight lies; 0 of nothing. */
export function weightedQuantile(values: readonly Weighted[], level: number): number {
  const sorted = values.toSorted((one, other) => one.value - other.value)
  const total = sorted.reduce((sum, { weight }) => sum + weight, 0)
  let sum = 0
  for (const { value, weight } of sorted) {
    sum += weight
    if (sum >= level * total) return value
  }
  return sorted.at(-1)?.value ?? 0
}

/** Standard errors at which chance alone is left out of account. */
const CHANCE = 4

/** Standard error of a share of so many rows. */
export function shareError(share: number, rows: number): number {
  return Math.sqrt((share * (1 - share)) / rows)
}

/** Four of five accepted drops differ by no more than what is called usual, so that one odd one does not count. */
const USUAL_LEVEL = 0.8
const USUAL_TIMES = 3

/** A share of so many rows. */
export interface ShareOfRows {
  readonly share: number
  readonly rows: number
}

/** The same share of the rows of an accepted drop. */
export interface AcceptedShare extends ShareOfRows {
  /** Whether a person let it through though it was implausible in this column. */
  readonly letThrough: boolean
}

/**
 * How far a share of the drop is from the limit of what is plausible beside the same share in accepted drops, whose
 * middle is `center`. The limit is the sum of an effect that is never worth a question (`floor`, a little more where few
 * drops are known), three times what accepted drops usually differ by beyond chance, and what chance does in a drop of
 * this size. 0 where the figure cannot be above `atLeast`, which spares the effort.
 */
export function shareRatio(drop: ShareOfRows, accepted: readonly AcceptedShare[], center: number, floor: number, atLeast = 0): number {
  const beyond = beyondChance(drop, accepted, center)
  const least = leastLimit(floor, accepted)
  if (beyond <= atLeast * least) return 0
  return beyond / (least + usualBeyond(accepted.map(({ share, rows, letThrough }) => ({ value: Math.abs(share - center) - shareError(center, rows), weight: letThrough ? 0 : weightOf(rows) }))))
}

/** How far a share is from the middle of the accepted ones beyond what chance does; below 0 it is nearer. */
export function beyondChance(drop: ShareOfRows, accepted: readonly ShareOfRows[], center: number): number {
  const known = accepted.reduce((sum, { rows }) => sum + rows, 0)
  return Math.abs(drop.share - center) - CHANCE * Math.hypot(shareError(center, drop.rows), shareError(center, known))
}

/** An effect that is never worth a question; a little more where few drops are known. */
export function leastLimit(floor: number, accepted: readonly unknown[]): number {
  return floor * (1 + 1 / accepted.length)
}

/**
 * What is added to a limit for differences between accepted drops. One that a person let through does not count: it
 * makes what is like it plausible, and nothing else usual.
 */
export function usualBeyond(differences: readonly Weighted[], level = USUAL_LEVEL): number {
  return USUAL_TIMES * Math.max(0, weightedQuantile(differences, level))
}

/** A part of this many rows of a drop is never worth a question. */
export const FEWEST_ROWS = 5

/** From here on digits are counted. */
const LONG = 1e15

/** E.g. `4,500,000`, `0.0346` or `1.798e+308`. */
export function figure(value: number): string {
  return Math.abs(value) >= LONG ? value.toPrecision(4) : value.toLocaleString('en-US', { maximumSignificantDigits: 4 })
}

/** E.g. `12 %`. */
export function percent(share: number): string {
  const value = share * 100
  return `${value > 0 && value < 1 ? value.toPrecision(1) : Math.round(value)} %`
}

/** What a figure usually is in accepted drops: its middle, and the range of most of them. */
export function usually(values: readonly Weighted[], words: (value: number) => string): string {
  const [low, middle, high] = [0.1, 0.5, 0.9].map((level) => words(weightedQuantile(values, level)))
  return low === high ? `${middle}` : `${middle} (${low} to ${high})`
}

/** The drops that are compared with, in words. */
export function dropsOf(accepted: readonly unknown[]): string {
  return accepted.length === 1 ? 'a drop that was let through' : `the last ${accepted.length} accepted drops`
}
