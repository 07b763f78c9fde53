import type { TimeProfile } from '../drop-profile-format.js'
import type { Finding } from './reference.js'

/** When the rows of a drop happened, and when it arrived (milliseconds since 1970). */
export interface Times {
  readonly profile: TimeProfile
  readonly arrivedAt: number
}

/** Accepted drops whose times are looked at: one of them that lies elsewhere does not make that usual. */
const RECENT = 16
/** A drop may lie this many usual steps from its neighbour: a late one, or the first after a pause. */
const STEPS = 8
const DAY = 86_400_000
const ALWAYS = 14 * DAY

/**
 * How far the times of a drop are from the limit: both ends of it must be near some recent drop. Time that has passed
 * between arrivals may have passed in the data as well, so that a feed can pause.
 */
export function compareTimes(column: string, drop: Times, accepted: readonly Times[]): Finding | undefined {
  const recent = accepted.slice(-RECENT)
  const last = recent.at(-1)
  if (last === undefined) return undefined
  const passed = Math.max(0, drop.arrivedAt - last.arrivedAt)
  const limit = Math.max(ALWAYS, STEPS * usualStep(recent))
  const away = (time: number): number => Math.min(...recent.map(({ profile: { early, late } }) => Math.max(early - time, time - late - passed, 0)))
  const { early, late } = drop.profile
  const distance = Math.max(away(early), away(late))
  return {
    code: 'implausible-time',
    column,
    ratio: distance / limit,
    message: `Column ${column}: the rows of this drop lie between ${day(early)} and ${day(late)}, ${words(distance)} away from those of the last ${recent.length} accepted drops (${day(Math.min(...recent.map(({ profile }) => profile.early)))} to ${day(Math.max(...recent.map(({ profile }) => profile.late)))}); up to ${words(limit)} is usual.`,
  }
}

/** How far a drop usually is from the one before, or how long it is itself if that is more; single leaps do not count. */
function usualStep(recent: readonly Times[]): number {
  const steps = recent.slice(1).map(({ profile }, index) => Math.abs(profile.median - (recent[index]?.profile.median ?? 0)))
  const lengths = recent.map(({ profile: { early, late } }) => late - early)
  return Math.max(middle(steps), middle(lengths))
}

function middle(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0
}

function day(time: number): string {
  // Databases know later years than JavaScript.
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? `the year ${Math.round(1970 + time / (365.2425 * DAY))}` : date.toISOString().replace(/T.*/, '')
}

function words(milliseconds: number): string {
  return `${Math.round(milliseconds / DAY).toLocaleString('en-US')} days`
}
