import { Type, type Static } from 'typebox'
import type { StoredDeployment } from '../define/stored-deployment.js'
import { momentsFor, type ArmFigures, type StepFigures } from './figures.js'
import { cellEnd, cellOf, countAfter, quantileCell } from './latencies.js'
import { growthOf } from './memory.js'
import { combined, spreadOf, varianceOf, type Moments, type Spread } from './moments.js'
import { differenceAtLeast } from './rates.js'
import { figure, megabytes, milliseconds, percent, points } from './wording.js'

/** One comparison of a version with the champion, over one step. */
export const Comparison = Type.Object({
  what: Type.Union([Type.Literal('errors'), Type.Literal('refusals'), Type.Literal('latency'), Type.Literal('memory'), Type.Literal('shift'), Type.Literal('spread')]),
  /** The class whose probability it is about. */
  label: Type.Optional(Type.String()),
  champion: Type.Number(),
  challenger: Type.Number(),
  limit: Type.Number(),
  /** Whether it is proven that the limit is broken. */
  harmful: Type.Boolean(),
  /** The comparison in words that stand alone. */
  text: Type.String(),
})
export type Comparison = Static<typeof Comparison>

type Limits = Pick<StoredDeployment, 'errors' | 'refusals' | 'latency' | 'memoryBytes' | 'shift' | 'spread'>

/** Of how many answers the time is looked at, and how much larger the share of slower ones may be. */
const LATENCY_QUANTILE = 0.95
const SLOWER_SHARE = 0.05
/** Nobody is harmed by what is faster than this, however fast the champion is; and a busy machine is no slow model. */
const FAST_MS = 10
/** Below so many answers a quantile says nothing. */
const FEWEST_TIMES = 20
/** Unless the definition says otherwise, memory may grow by so much, or by so much of what there was of it: the runtime collects late. */
const LEAST_GROWTH_BYTES = 128_000_000
const LEAST_GROWTH_SHARE = 0.5
/** Below so many requests a mean is not yet distributed as it should be. */
const FEWEST_REQUESTS = 30

/** When figures are looked at. */
export interface Look {
  /** So many standard errors prove harm. */
  readonly z: number
  /** Whether the step is over. */
  readonly isLast: boolean
}

/**
 * What the figures of both say: harm has to be proven, by a bound beyond the limit. What there are too few answers for is
 * left out.
 */
export function compare(limits: Limits, { champion, challenger, differences }: StepFigures, { z, isLast }: Look): readonly Comparison[] {
  if (champion.requests === 0 || challenger.requests === 0) return []
  const labels = Object.keys(champion.predictions).filter((label) => Object.hasOwn(challenger.predictions, label))
  return [
    rates('errors', limits.errors, champion, challenger, z),
    rates('refusals', limits.refusals, champion, challenger, z),
    ...latency(limits.latency, champion, challenger, z),
    ...memory(limits.memoryBytes, champion, challenger, isLast),
    ...labels.flatMap((label) => {
      const [before, after] = [momentsFor(champion.predictions, label), momentsFor(challenger.predictions, label)]
      return before === undefined || after === undefined ? [] : predictions(limits, label, before, after, momentsFor(differences, label), z)
    }),
  ]
}

function rates(what: 'errors' | 'refusals', limit: number, champion: ArmFigures, challenger: ArmFigures, z: number): Comparison {
  const share = (arm: ArmFigures): { count: number; of: number } => ({ count: what === 'errors' ? arm.errors : arm.refused, of: arm.requests })
  const [before, after] = [share(champion), share(challenger)]
  const least = differenceAtLeast(after, before, z)
  const [p, q] = [before.count / before.of, after.count / after.of]
  const harmful = least > limit
  const how = what === 'errors' ? 'fail' : 'are refused'
  const proof = harmful ? `, at least ${points(least)} more where ${points(limit)} may be` : ''
  return { what, champion: p, challenger: q, limit, harmful, text: `${percent(q)} of its ${figure(after.of)} requests ${how}, and ${percent(p)} of ${figure(before.of)} of the champion's${proof}` }
}

/**
 * Of both, the share of answers that take longer than the champion's 95th percentile times the limit: comparing shares
 * needs no assumption about how times are distributed.
 */
function latency(limit: number, champion: ArmFigures, challenger: ArmFigures, z: number): readonly Comparison[] {
  const count = (arm: ArmFigures): number => countAfter(arm.latencies, -1)
  const [before, after] = [quantileCell(champion.latencies, LATENCY_QUANTILE), quantileCell(challenger.latencies, LATENCY_QUANTILE)]
  if (before === undefined || after === undefined || count(champion) < FEWEST_TIMES) return []
  const longest = cellOf(Math.max(FAST_MS, cellEnd(before) * limit))
  const slow = (arm: ArmFigures): { count: number; of: number } => ({ count: countAfter(arm.latencies, longest), of: count(arm) })
  const harmful = differenceAtLeast(slow(challenger), slow(champion), z) > SLOWER_SHARE
  const proof = harmful ? `; ${percent(slow(challenger).count / count(challenger))} take longer than ${milliseconds(cellEnd(longest))}` : ''
  return [{ what: 'latency', champion: cellEnd(before), challenger: cellEnd(after), limit, harmful, text: `95 % of its answers take at most ${milliseconds(cellEnd(after))}, and of the champion's ${milliseconds(cellEnd(before))}${proof}` }]
}

/**
 * By how much its memory has grown, where it has done so all the time, beyond the champion's growth in the same time. A cache
 * grows as steadily until it is full, so nothing is proven before the step is over.
 */
function memory(limit: number | undefined, { memory: before }: ArmFigures, { memory: after }: ArmFigures, isLast: boolean): readonly Comparison[] {
  const grown = after === undefined ? undefined : growthOf(after)
  if (grown === undefined) return []
  const other = before === undefined ? undefined : growthOf(before)
  const [champion, challenger] = [other === undefined ? 0 : Math.max(0, other.to - other.from), Math.max(0, grown.to - grown.from)]
  const most = limit ?? Math.max(LEAST_GROWTH_BYTES, LEAST_GROWTH_SHARE * grown.from)
  const harmful = isLast && grown.isSteady && challenger - champion > most
  return [{ what: 'memory', champion, challenger, limit: most, harmful, text: `its memory has grown ${harmful ? 'steadily ' : ''}by ${megabytes(challenger)} to ${megabytes(grown.to)}, and the champion's by ${megabytes(champion)}${harmful ? `, where ${megabytes(most)} may be` : ''}` }]
}

function predictions(limits: Limits, label: string, before: Moments, after: Moments, paired: Moments | undefined, z: number): readonly Comparison[] {
  if (before.requests < FEWEST_REQUESTS || after.requests < FEWEST_REQUESTS) return []
  const [champion, challenger] = [spreadOf(before), spreadOf(after)]
  // One row asked again and again tells nothing of how predictions are spread.
  if (champion === undefined || challenger === undefined || isConstant(champion)) return []
  const of = label === '' ? {} : { label }
  const whose = label === '' ? 'its predictions' : `its probabilities of ${label}`
  return [
    { ...of, ...shift(limits.shift, whose, champion, challenger, paired === undefined ? undefined : spreadOf(paired), z) },
    { ...of, ...spread(limits.spread, whose, champion, challenger, z) },
  ]
}

function isConstant({ mean, variance }: Spread): boolean {
  return Math.sqrt(variance) <= 1e-9 * Math.abs(mean)
}

/**
 * The difference of the means less the limit, which the champion's deviation takes part in: both influences of a request of
 * the champion are added before they are squared. Mirrored requests are compared row by row, which is much sharper.
 */
function shift(limit: number, whose: string, champion: Spread, challenger: Spread, paired: Spread | undefined, z: number): Comparison {
  const deviation = Math.sqrt(champion.variance)
  const difference = paired?.mean ?? challenger.mean - champion.mean
  const deviationPart = limit / (2 * deviation)
  const error =
    paired === undefined
      ? varianceOf(challenger, challenger.meanInfluence) + varianceOf(champion, combined(champion.meanInfluence, Math.sign(difference) * deviationPart, champion.varianceInfluence))
      : varianceOf(paired, paired.meanInfluence) + varianceOf(champion, champion.varianceInfluence) * deviationPart ** 2
  const harmful = Math.abs(difference) - z * Math.sqrt(error) > limit * deviation
  const far = `${figure(Math.abs(difference) / deviation)} standard deviations`
  return { what: 'shift', champion: champion.mean, challenger: challenger.mean, limit, harmful, text: `${whose} average ${figure(challenger.mean)}, and the champion's ${figure(champion.mean)}: ${far} away${harmful ? ` where ${limit} may be` : ''}` }
}

/** Variances, compared by a difference that is linear in both: it also holds for a version that always answers the same. */
function spread(limit: number, whose: string, champion: Spread, challenger: Spread, z: number): Comparison {
  const beyond = (own: number, other: number): boolean => {
    const error = own ** 2 * varianceOf(challenger, challenger.varianceInfluence) + other ** 2 * varianceOf(champion, champion.varianceInfluence)
    return own * challenger.variance - other * champion.variance - z * Math.sqrt(error) > 0
  }
  const harmful = beyond(1, limit ** 2) || beyond(-1, -1 / limit ** 2)
  const [before, after] = [Math.sqrt(champion.variance), Math.sqrt(challenger.variance)]
  return { what: 'spread', champion: before, challenger: after, limit, harmful, text: `${whose} spread by ${figure(after)}, and the champion's by ${figure(before)}${harmful ? `: more than ${limit} times as ${after > before ? 'wide' : 'narrow'}` : ''}` }
}
