/**
 * PCG32 (M. E. O'Neill, 2014: XSH RR 64/32), on 64-bit integers: small, seeded, and the same on every platform.
 * Returns 32-bit unsigned integers.
 */
export function pcg32(seed: number): () => number {
  const multiplier = 6_364_136_223_846_793_005n
  const increment = 1_442_695_040_888_963_407n
  const mask = 0xffff_ffff_ffff_ffffn
  let state = (BigInt(seed) + increment) & mask
  const next = (): number => {
    const old = state
    state = (old * multiplier + increment) & mask
    const shifted = Number((((old >> 18n) ^ old) >> 27n) & 0xffff_ffffn)
    const rotation = Number(old >> 59n)
    return ((shifted >>> rotation) | (shifted << (-rotation & 31))) >>> 0
  }
  next()
  return next
}

/**
 * xoshiro128** (Blackman and Vigna, 2018), seeded by PCG32: 32-bit arithmetic only, for the millions of draws of a
 * bootstrap.
 */
export function xoshiro128(seed: number): () => number {
  const seeder = pcg32(seed)
  let a = seeder()
  let b = seeder()
  let c = seeder()
  let d = seeder() || 1
  return () => {
    const product = Math.imul(b, 5)
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0
    const t = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = (d << 11) | (d >>> 21)
    return result
  }
}
