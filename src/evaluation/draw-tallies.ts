import { tallyAll } from './evaluator.js'
import { drawsOf } from './random.js'
import { ABREAST, type Counts, type Tally } from './tally.js'

/** What is tallied of the resamples of some units. */
export interface DrawnTallies {
  readonly tallies: readonly Tally[]
  /** How many units are drawn, of as many. */
  readonly units: number
  readonly seed: number
  /** Into how many parts units are dealt, one after the other. */
  readonly parts: number
  /** How many of the resamples are drawn; each further one has every unit once, but for one part: the first, the second, and so on. */
  readonly drawn: number
  /** Multiples of those that are tallied abreast, both. */
  readonly resamples: number
  /** What all tallies give, draw by draw; shared, where several threads fill it. */
  readonly tallied: Float64Array
}

/** Makes the resamples from `from` up to but not including `to`, multiples of `ABREAST`: the same whoever makes them, in whatever order. */
export function drawTallies({ tallies, units, parts, seed, drawn, tallied, resamples }: DrawnTallies, from: number, to: number): void {
  const stride = tallied.length / resamples
  const counts: Counts = new Uint16Array(units * ABREAST)
  const draws = drawsOf(seed)
  for (let draw = from; draw < to; draw += ABREAST) {
    if (draw < drawn) {
      counts.fill(0)
      for (let lane = 0; lane < ABREAST; lane += 1) drawUnits(draws(draw + lane), units, counts, lane)
    } else {
      counts.fill(1)
      for (let lane = 0; lane < ABREAST; lane += 1) leaveOut(draw - drawn + lane, parts, counts, lane)
    }
    tallyAll(tallies, counts, { numbers: tallied, at: draw * stride, stride })
  }
}

/** Beyond the last part, where their number is no multiple, there is nothing to leave out. */
function leaveOut(part: number, parts: number, counts: Counts, lane: number): void {
  if (part >= parts) return
  for (let at = part * ABREAST + lane; at < counts.length; at += parts * ABREAST) counts[at] = 0
}

/** Draws with replacement, as many units as there are. */
function drawUnits(random: () => number, units: number, counts: Counts, lane: number): void {
  for (let left = units; left > 0; left -= 1) {
    // Multiplication instead of a remainder: without bias for any number of units that fits in memory.
    const at = Math.floor((random() / 4_294_967_296) * units) * ABREAST + lane
    counts[at] = (counts[at] ?? 0) + 1
  }
}
