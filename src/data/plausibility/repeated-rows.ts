import type { DropProfile } from '../drop-profile-format.js'
import { FEWEST_ROWS, percent, shareError, usually, weightedQuantile, weightOf, type AcceptedDrop, type Finding } from './reference.js'

type Sketch = DropProfile['sketch']

const FLOOR = 0.3

/** Accepted drops that tell how much usually repeats. */
const RECENT = 12

/**
 * How far the share of rows that accepted drops have already is from the limit. Whole rows are compared, by a sketch of
 * their hashes; tables in which rows repeat by their nature, or that overlap, show it among the accepted drops.
 */
export function compareRows(drop: DropProfile, accepted: readonly AcceptedDrop[]): Finding | undefined {
  const sketches = accepted.map(({ profile: { sketch } }) => ({ ...sketch, known: new Set(sketch.hashes) }))
  const share = knownShare(drop.sketch, sketches)
  if (share * drop.rows < FEWEST_ROWS) return undefined
  const usual = accepted
    .map(({ profile }, index) => ({ value: knownShare(profile.sketch, sketches.slice(0, index)), weight: weightOf(profile.rows) }))
    .slice(1)
    .slice(-RECENT)
  const expected = weightedQuantile(usual, 0.8)
  const chance = 4 * shareError(expected, Math.max(1, drop.sketch.hashes.length))
  const [nearest] = accepted
    .map(({ id, key }, index) => ({ id, key, share: knownShare(drop.sketch, sketches.slice(index, index + 1)) }))
    .toSorted((one, other) => other.share - one.share)
  return {
    code: 'implausible-repeats',
    ratio: Math.max(0, share - expected - chance) / FLOOR,
    message: `${percent(share)} of the rows are in accepted drops already${nearest === undefined ? '' : `, ${percent(nearest.share)} in ${nearest.id} (${nearest.key})`}; in the last ${usual.length} it was ${usually(usual, percent)}.`,
  }
}

/** Matches that chance cannot make. */
const FEWEST_MATCHES = 3

/**
 * The share of a drop's different rows that others have. A sketch knows all hashes below a limit: where those of larger
 * drops end lower, fewer rows can be told, and what cannot be told counts as new.
 */
function knownShare(sketch: Sketch, others: readonly (Sketch & { readonly known: ReadonlySet<number> })[]): number {
  const met = new Set<number>()
  let most = 0
  for (const { of, known, below } of others) {
    if (of !== sketch.of) continue
    const told = below < sketch.below ? sketch.hashes.filter((hash) => hash < below) : sketch.hashes
    const matches = told.filter((hash) => known.has(hash))
    for (const hash of matches) met.add(hash)
    if (matches.length >= Math.min(FEWEST_MATCHES, sketch.hashes.length)) most = Math.max(most, matches.length / told.length)
  }
  return Math.max(met.size / Math.max(1, sketch.hashes.length), most)
}
