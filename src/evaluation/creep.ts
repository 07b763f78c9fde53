import type { JudgedRule, MetricName, MetricRule } from '../define/stored-definition.js'
import { estimateOf, isUnbounded, resample, unmeasured, type Distribution } from './bootstrap.js'
import { evaluatorOf } from './metric.js'
import { compare, marginOf } from './rules.js'
import { sampleOf, type Sample } from './sample.js'
import type { Scored } from './scored.js'
import { smallness } from './small-sets.js'
import { rowsWhere } from './units.js'
import type { RuleResult } from './verdict.js'
import { comparison, difference, figure, label, percent } from './wording.js'

type AgainstChampion = Extract<MetricRule, { kind: 'champion' }>
type Creep = Extract<JudgedRule, { kind: 'creep' }>
type Former = NonNullable<RuleResult['former']>

/** EVIDENCE rule 7: how many of the champions before the present one a candidate is held against. */
export const FORMER_CHAMPIONS = 8

/** A version that was champion before the present one. */
export interface FormerChampion {
  readonly version: number
  /** Undefined when it cannot be compared: why. */
  readonly scored: Scored | undefined
  readonly reason?: string | undefined
  /** Rows that neither it nor the candidate has trained or validated on. */
  readonly eligible: (row: number) => boolean
}

interface Compared {
  readonly version: number
  readonly rows: number
  readonly candidate: Distribution
  readonly champion: Distribution
}

interface Input {
  readonly candidate: Scored
  readonly formers: readonly FormerChampion[]
  readonly unitOfRow: Int32Array
  readonly unit: string
  readonly split: 'group' | 'time'
  readonly seed: number
  readonly weights?: Float64Array | undefined
}

/**
 * What stands beside a rule about the champion (EVIDENCE rule 7): versions that are each a little worse than the one
 * before must not sink. The candidate fails if it is proven worse than any former champion by more than the margin.
 * With several the best would look better than it is by luck alone: each bound is at the confidence of Bonferroni, 5 %
 * shared among them, so that one of them is passed over wrongly in at most 5 % of all checks, however they were picked.
 */
export function judgeCreep({ metric, custom, margin }: AgainstChampion, input: Input, threads: number): RuleResult {
  const rule: Creep = { kind: 'creep', metric, ...(custom === undefined ? {} : { custom }), margin }
  const { compared, skipped } = compareAll(metric, input, threads)
  const harmOf = ({ candidate, champion }: Compared): Distribution => compare({ kind: 'champion', ...measureOf(rule), comparison: 'notWorse', margin }, candidate, champion).harm
  const bounded = compared.filter((each) => !isUnbounded(harmOf(each)))
  const unbounded = compared.filter((each) => !bounded.includes(each)).map(({ version }) => ({ version, reason: 'too few independent units are left to tell a difference' }))
  const confidence = 1 - 0.05 / Math.max(1, bounded.length)
  const found = bounded.map((each) => ({ version: each.version, rows: each.rows, candidate: estimateOf(each.candidate), champion: estimateOf(each.champion), difference: estimateOf(harmOf(each), confidence) }))
  const { relative, size } = marginOf({ kind: 'champion', ...measureOf(rule), comparison: 'notWorse', margin })
  const worse = found.filter((each) => each.difference.lower === null || each.difference.lower > size)
  const former: Former = { confidence, compared: found, skipped: [...skipped, ...unbounded] }
  return {
    rule,
    origin: 'built-in',
    answer: worse.length > 0 ? 'failed' : 'passed',
    explanation: [wordsOf(rule, worse.length > 0 ? worse : found, worse.length > 0, found.length, { relative, size }), ...skippedWords(former.skipped)].join(' '),
    limit: size,
    former,
  }
}

function measureOf({ metric, custom }: Creep): Pick<AgainstChampion, 'metric' | 'custom'> {
  return { metric, ...(custom === undefined ? {} : { custom }) }
}

/** Candidate and former champions on the same draws, as many of these as may be judged by the same rows. */
function compareAll(metric: MetricName, { candidate, formers, unitOfRow, unit, split, seed, weights }: Input, threads: number): { readonly compared: readonly Compared[]; readonly skipped: Former['skipped'] } {
  const compared: Compared[] = []
  const skipped: Former['skipped'] = []
  const groups: { readonly rows: Int32Array; readonly members: { readonly version: number; readonly scored: Scored }[] }[] = []
  for (const { version, scored, reason = 'it could not be asked', eligible } of formers) {
    if (scored === undefined) {
      skipped.push({ version, reason })
      continue
    }
    const rows = rowsWhere(unitOfRow.length, eligible)
    const same = groups.find((group) => group.rows.length === rows.length && group.rows.every((row, index) => row === rows[index]))
    if (same === undefined) groups.push({ rows, members: [{ version, scored }] })
    else same.members.push({ version, scored })
  }
  for (const { rows, members } of groups) {
    const sample: Sample = sampleOf(rows, unitOfRow, seed, threads, { weights, isSerial: split === 'time' })
    const small = smallness(split, unit, sample.units, candidate)
    if (small !== undefined) {
      skipped.push(...members.map(({ version }) => ({ version, reason: 'too few rows are left that it has not trained on' })))
      continue
    }
    const [own = unmeasured, ...others] = resample([candidate, ...members.map(({ scored }) => scored)].map((model) => evaluatorOf(metric, model, sample.drawn)), sample.drawn, seed, threads)
    for (const [index, { version }] of members.entries()) {
      const champion = others[index] ?? unmeasured
      if (champion.value === null || champion.draws.some((draw) => !Number.isFinite(draw))) skipped.push({ version, reason: 'its figure is undefined' })
      else compared.push({ version, rows: rows.length, candidate: own, champion })
    }
  }
  return { compared, skipped }
}

function wordsOf(rule: Creep, found: Former['compared'], isWorse: boolean, count: number, margin: { readonly relative: boolean; readonly size: number }): string {
  const { relative, size } = margin
  const [worst] = found.toSorted((a, b) => (b.difference.value ?? Number.POSITIVE_INFINITY) - (a.difference.value ?? Number.POSITIVE_INFINITY))
  if (worst === undefined) return 'No former champion could be compared.'
  const { version, candidate, champion, difference: harm } = worst
  const among = count === 1 ? '' : `, the best beside it of ${count} former champions,`
  const values = `${label(rule)} is ${figure(rule, candidate.value)}; version ${version}${count === 1 ? ', which was champion before,' : among} has ${figure(rule, champion.value)} on the same rows`
  if (harm.value === null || harm.lower === null) return `${values}: the difference is undefined, and never passes.`
  const words = `${values}: ${comparison(relative, harm.value)}`
  return isWorse
    ? `${words}, with ${percent(0.95)} confidence${count === 1 ? '' : ' for all of them together'} at least ${comparison(relative, harm.lower)}. At most ${difference(relative, size)} is allowed, also in many small steps.`
    : `${words}. It is not proven more than ${difference(relative, size)} worse than ${count === 1 ? 'it' : 'any of them'}.`
}

function skippedWords(skipped: Former['skipped']): readonly string[] {
  return skipped.length === 0 ? [] : [`Not compared: ${skipped.map(({ version, reason }) => `version ${version} (${reason.replace(/\.$/, '')})`).join(', ')}.`]
}
