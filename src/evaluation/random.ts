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
  return xoshiroFrom(seeder(), seeder(), seeder(), seeder())
}

/**
 * A generator for each draw, which follows from the seed and the draw's number alone: draws can be made in any order,
 * by any thread. The words of the seed are mixed with the number by a bijection that lets every bit change every other
 * one (the finaliser of MurmurHash3), so that no two draws begin alike.
 */
export function drawsOf(seed: number): (draw: number) => () => number {
  const seeder = pcg32(seed)
  const words = [seeder(), seeder(), seeder(), seeder()] as const
  return (draw) => {
    const word = (index: 0 | 1 | 2 | 3): number => mixed(words[index] ^ mixed(draw + Math.imul(index + 1, 0x9e37_79b9)))
    return xoshiroFrom(word(0), word(1), word(2), word(3))
  }
}

function mixed(word: number): number {
  let bits = word | 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x85eb_ca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2_ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

function xoshiroFrom(first: number, second: number, third: number, fourth: number): () => number {
  let a = first
  let b = second
  let c = third
  let d = fourth === 0 ? 1 : fourth
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
