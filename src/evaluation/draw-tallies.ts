import { drawsOf } from './random.js'
import { tallyUp, widthOf, type Counts, type Tally } from './tally.js'

/** What is tallied of the resamples of some units. */
export interface DrawnTallies {
  readonly tallies: readonly Tally[]
  /** How many units are drawn, of as many. */
  readonly units: number
  readonly seed: number
  readonly resamples: number
  /** What all tallies give, draw by draw; shared, where several threads fill it. */
  readonly tallied: Float64Array
}

/** Makes the draws from `from` up to but not including `to`: the same whoever makes them, in whatever order. */
export function drawTallies({ tallies, units, seed, tallied, resamples }: DrawnTallies, from: number, to: number): void {
  const width = tallied.length / resamples
  const counts: Counts = new Uint16Array(units)
  const draws = drawsOf(seed)
  for (let draw = from; draw < to; draw += 1) {
    drawUnits(draws(draw), counts)
    let at = draw * width
    for (const tally of tallies) {
      tallyUp(tally, counts, tallied, at)
      at += widthOf(tally)
    }
  }
}

/** Draws with replacement, as many units as there are. */
function drawUnits(random: () => number, counts: Counts): void {
  const units = counts.length
  counts.fill(0)
  for (let unit = 0; unit < units; unit += 1) {
    // Multiplication instead of a remainder: without bias for any number of units that fits in memory.
    const drawn = Math.floor((random() / 4_294_967_296) * units)
    counts[drawn] = (counts[drawn] ?? 0) + 1
  }
}
