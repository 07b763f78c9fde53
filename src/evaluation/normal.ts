/** The normal distribution, and what few units take from it. */

/** Share of the standard normal below z; error below 1e-7 (Abramowitz and Stegun, 26.2.17). */
export function normalShareBelow(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z))
  const polynomial = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  const tail = (Math.exp(-(z * z) / 2) / Math.sqrt(2 * Math.PI)) * polynomial
  return z > 0 ? 1 - tail : tail
}

/** The z below which a share of the standard normal lies; by bisection, to 1e-7. */
export function normalQuantile(share: number): number {
  let low = -8
  let high = 8
  while (high - low > 1e-8) {
    const middle = (low + high) / 2
    if (normalShareBelow(middle) < share) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/**
 * How many standard deviations of a bootstrap over `units` away a one-sided bound of this confidence lies; its share of the
 * normal is the percentile. The plain percentile is too narrow with few units: it lacks Student's t and the n - 1 of the
 * variance (T. Hesterberg, "What Teachers Should Know about the Bootstrap", 2015: expanded percentiles). NaN below two
 * units, which bound nothing.
 */
export function expandedQuantile(confidence: number, units: number): number {
  return units < 2 ? Number.NaN : studentOf(normalQuantile(confidence), units - 1) * Math.sqrt(units / (units - 1))
}

/** Share of Student's t above a value; 1 where there is no freedom left, which shows nothing. */
export function studentShareAbove(t: number, freedom: number): number {
  return freedom > 0 ? 1 - normalShareBelow(normalOf(t, freedom)) : 1
}

/** Wallace's approximation (1959) of Student's t by the normal, in both directions; good to 0.001 from 5 degrees on. */
function studentOf(z: number, freedom: number): number {
  const scaled = (z * (8 * freedom + 3)) / (8 * freedom + 1)
  return Math.sign(z) * Math.sqrt(freedom * Math.expm1((scaled * scaled) / freedom))
}

function normalOf(t: number, freedom: number): number {
  return (Math.sign(t) * Math.sqrt(freedom * Math.log1p((t * t) / freedom)) * (8 * freedom + 1)) / (8 * freedom + 3)
}
