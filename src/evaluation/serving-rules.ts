import type { StoredRule } from '../define/stored-definition.js'
import type { RuleResult } from './verdict.js'
import { bytes, milliseconds, number } from './wording.js'

type Latency = Extract<StoredRule, { kind: 'latency' }>
type PackageSize = Extract<StoredRule, { kind: 'packageSize' }>

/** The champion beside, where it can be looked at. */
interface Beside {
  readonly version: number
  readonly value: number
}

/** A limit on the files of the package together. */
export function judgePackageSize(rule: PackageSize, candidate: number, champion?: Beside): RuleResult {
  const excess = candidate - rule.bytes
  const miss = excess > 0 ? `, ${bytes(excess)} too much` : ''
  const beside = champion === undefined ? '' : ` That of version ${champion.version} has ${bytes(champion.value)}.`
  return {
    rule,
    origin: 'definition',
    answer: excess > 0 ? 'failed' : 'passed',
    explanation: `The package has ${bytes(candidate)}${miss}; at most ${bytes(rule.bytes)} is asked for.${beside}`,
    limit: rule.bytes,
    size: { candidate, ...(champion === undefined ? {} : { champion: champion.value }) },
  }
}

/** Requests beyond the percentile that it takes to know where it lies. */
const FEWEST_BEYOND = 10

/** A limit on the time of a request; `times` are those of the candidate's requests, one after another. */
export function judgeLatency(rule: Latency, times: readonly number[], champion?: { readonly version: number; readonly times: readonly number[] }): RuleResult {
  const share = rule.percentile / 100
  const candidate = percentileOf(times, share)
  const known = champion === undefined ? undefined : percentileOf(champion.times, share)
  const request = `A request of ${rule.rows === 1 ? 'one row' : `${number(rule.rows)} rows`}`
  // Few beyond it say little about where the percentile lies (EVIDENCE rule 9).
  if (candidate === undefined || times.length * (1 - share) < FEWEST_BEYOND) {
    return {
      rule,
      origin: 'definition',
      answer: 'inconclusive',
      explanation: `${request} was measured ${times.length.toLocaleString('en-US')} times in the time there is: too few to know its ${rule.percentile}th percentile.`,
      limit: rule.milliseconds,
    }
  }
  const excess = candidate - rule.milliseconds
  const miss = excess > 0 ? `, ${milliseconds(excess)} too long` : ''
  const beside = champion === undefined || known === undefined ? '' : ` Version ${champion.version} takes ${milliseconds(known)}.`
  return {
    rule,
    origin: 'definition',
    answer: excess > 0 ? 'failed' : 'passed',
    explanation: `${request} takes ${milliseconds(candidate)} at the ${rule.percentile}th percentile of ${times.length.toLocaleString('en-US')}${miss}; at most ${milliseconds(rule.milliseconds)} is asked for.${beside}`,
    limit: rule.milliseconds,
    timing: { candidate, ...(known === undefined ? {} : { champion: known }), requests: times.length },
  }
}

/** Whoever cannot answer requests of that size is not fast enough. */
export function unmeasuredLatency(rule: Latency, reason: string): RuleResult {
  return { rule, origin: 'definition', answer: 'failed', explanation: `Requests of ${rule.rows === 1 ? 'one row' : `${number(rule.rows)} rows`} could not be measured: ${reason.replace(/\.?$/, '.')}`, limit: rule.milliseconds }
}

/** The smallest time that at least this share of all does not exceed. */
function percentileOf(times: readonly number[], share: number): number | undefined {
  return times.toSorted((a, b) => a - b)[Math.ceil(share * times.length) - 1]
}
