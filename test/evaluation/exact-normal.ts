/** The normal distribution to machine precision: what is simulated must be exactly what it is said to be. */

/** Share of the standard normal below z, by its series (G. Marsaglia, "Evaluating the Normal Distribution", 2004). */
export function normalBelow(z: number): number {
  if (Math.abs(z) > 8) return z > 0 ? 1 : 0
  let term = z
  let sum = z
  for (let odd = 3; sum + term !== sum || odd === 3; odd += 2) {
    term *= (z * z) / odd
    sum += term
  }
  return 0.5 + (sum * Math.exp(-(z * z) / 2)) / Math.sqrt(2 * Math.PI)
}

/** The z below which a share of the standard normal lies. */
export function normalQuantile(share: number): number {
  return solve(normalBelow, share, -8, 8)
}

/** Where a function that rises between two places has a value: by bisection, until no double lies between. @throws Error where it has no such value */
export function solve(rising: (x: number) => number, value: number, from: number, to: number): number {
  if (!(rising(from) <= value && value <= rising(to))) throw new Error(`${value} is not between ${rising(from)} and ${rising(to)}`)
  let [low, high] = [from, to]
  for (;;) {
    const middle = (low + high) / 2
    if (middle <= low || middle >= high) return middle
    if (rising(middle) < value) low = middle
    else high = middle
  }
}
