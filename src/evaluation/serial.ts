/** Blocks are looked at for likeness over at most this share of all of them. */
const FARTHEST = 1 / 8

/** What is known of the likeness of blocks of time. */
export interface Serial {
  /** How many times the variance is what it would be if they were independent; at least 1. */
  readonly inflation: number
  /** How many independent blocks would tell the variance as well as it is known now. */
  readonly units: number
}

/**
 * How many times the variance is what it would be if blocks of time were independent: 1 and twice the correlations, at all
 * distances, of what each block does to the figure. Distances are taken in pairs as long as these are positive and fall
 * (C. J. Geyer, "Practical Markov Chain Monte Carlo", 1992: initial monotone sequence), each freed of the bias that taking
 * out the mean of few blocks has. At least 1: chance must not narrow a bound. Such a variance has as many degrees of
 * freedom as there are blocks for two of each distance (M. B. Priestley, 1981: truncated window, at frequency zero).
 */
export function serialOf(leftOut: Float64Array | undefined): Serial {
  if (leftOut === undefined) return { inflation: 1, units: Number.POSITIVE_INFINITY }
  const count = leftOut.length
  const mean = leftOut.reduce((sum, value) => sum + value, 0) / count
  const centred = leftOut.map((value) => value - mean)
  const squares = centred.reduce((sum, value) => sum + value * value, 0)
  // Nothing varies, or a figure is undefined: the bounds tell that by themselves.
  if (!(squares > 0)) return { inflation: 1, units: count }
  const alike = (distance: number): number => {
    let products = 0
    for (let block = distance; block < count; block += 1) products += (centred[block] ?? 0) * (centred[block - distance] ?? 0)
    return products / squares
  }
  const most = Math.max(1, Math.floor(count * FARTHEST))
  let sum = alike(1)
  let distances = 1
  for (let former = 1 + sum; distances + 2 <= most; distances += 2) {
    const pair = alike(distances + 1) + alike(distances + 2)
    if (pair <= 0) break
    former = Math.min(former, pair)
    sum += former
  }
  return { inflation: Math.max(1, (1 + 2 * sum) / (1 - (2 * distances) / count)), units: count / (2 * distances) + 1 }
}
