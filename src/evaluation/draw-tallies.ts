import { tallyAll } from './evaluator.js'
import { drawsOf } from './random.js'
import { ABREAST, type Counts, type Tally } from './tally.js'

/** What is tallied of the resamples of some units. */
export interface DrawnTallies {
  readonly tallies: readonly Tally[]
  /** How many units are drawn, of as many. */
  readonly units: number
  readonly seed: number
  /** A multiple of those that are tallied abreast. */
  readonly resamples: number
  /** What all tallies give, draw by draw; shared, where several threads fill it. */
  readonly tallied: Float64Array
}

/** Makes the draws from `from` up to but not including `to`, multiples of `ABREAST`: the same whoever makes them, in whatever order. */
export function drawTallies({ tallies, units, seed, tallied, resamples }: DrawnTallies, from: number, to: number): void {
  const stride = tallied.length / resamples
  const counts: Counts = new Uint16Array(units * ABREAST)
  const draws = drawsOf(seed)
  for (let draw = from; draw < to; draw += ABREAST) {
    counts.fill(0)
    for (let lane = 0; lane < ABREAST; lane += 1) drawUnits(draws(draw + lane), units, counts, lane)
    tallyAll(tallies, counts, { numbers: tallied, at: draw * stride, stride })
  }
}

/** Draws with replacement, as many units as there are. */
function drawUnits(random: () => number, units: number, counts: Counts, lane: number): void {
  for (let left = units; left > 0; left -= 1) {
    // Multiplication instead of a remainder: without bias for any number of units that fits in memory.
    const at = Math.floor((random() / 4_294_967_296) * units) * ABREAST + lane
    counts[at] = (counts[at] ?? 0) + 1
  }
}
