import type { MetricName, StoredRule } from '../define/stored-definition.js'
import { estimateOf, isUnbounded, resampleTogether, type Compared } from './bootstrap.js'
import { evaluatorOf } from './metric.js'
import { compare, isEnoughFor, judgeAgainstChampion, limitOf, marginOf } from './rules.js'
import type { Sample } from './sample.js'
import type { Scored } from './scored.js'
import { smallness } from './small-sets.js'
import { presentUnits, within } from './units.js'
import type { RuleResult } from './verdict.js'
import { comparison, difference } from './wording.js'

type AgainstChampion = Extract<StoredRule, { kind: 'champion' }>

export interface ChampionCase {
  readonly version: number
  /** Undefined when it cannot score these rows (EVIDENCE rule 13): why. */
  readonly scored: Scored | undefined
  readonly reason?: string | undefined
  /** Rows that arrived after the champion's snapshot. */
  readonly fresh: (row: number) => boolean
  /** How many verdicts have rested on the other rows before. */
  readonly reused?: number | undefined
}

/** Candidate and champion on the test rows that both may be judged by. */
export interface Pair {
  readonly candidate: Scored
  readonly champion: ChampionCase
  readonly sample: Sample
  readonly unit: string
  readonly split: 'group' | 'time'
}

/**
 * The two yardsticks of EVIDENCE rule 5: fresh rows where they are enough, else all; and never proven worse on the
 * champion's own rows. `all` is the comparison on all rows. Whether fresh rows are enough to let a candidate through
 * follows from how much they can tell, not from what they say: one that may try the fresh rows and then all of them
 * has two throws.
 */
export function judgeComparison(pair: Pair, rule: AgainstChampion, origin: RuleResult['origin'], all: Compared): RuleResult {
  const { champion } = pair
  const { rows } = pair.sample.units
  const { scored } = champion
  if (scored === undefined) {
    const explanation = `Version ${champion.version} cannot score these rows: ${withoutStop(champion.reason ?? 'the reason is unknown')}.`
    return { rule, origin, answer: 'inconclusive', explanation }
  }
  const ownRows = rows.filter((row) => !champion.fresh(row))
  const facts = { version: champion.version, unit: pair.unit }
  if (ownRows.length === 0) return judgeAgainstChampion(rule, origin, all, { ...facts, besides: ['All test rows arrived after the champion was trained.'] })
  const [fresh, own] = ownRows.length === rows.length ? [undefined, all] : comparedOn(pair, scored, rule.metric, [rows.filter(champion.fresh), ownRows])
  const decidedOnFresh = fresh !== undefined && (isEnoughFor(rule, fresh) || provenWorse(rule, fresh, limitOf(rule)) !== undefined)
  const { size: margin } = marginOf(rule)
  const besides = [
    decidedOnFresh
      ? 'Decided on the rows that arrived after the champion was trained.'
      : `Decided on all test rows; those that the champion was selected on are reused${timesBefore(champion.reused)}, which favours the champion.`,
    ...(own === undefined || own === all ? [] : [ownWords(rule, own, margin)]),
  ]
  const decisive = decidedOnFresh ? fresh : all
  const result = judgeAgainstChampion(rule, origin, decisive, { ...facts, besides })
  const mayVeto = (pair.split === 'group' || rule.ownRowsDecide === true) && own !== undefined
  if (!mayVeto || result.answer === 'failed') return result
  // Undefined fails closed (EVIDENCE rule 11).
  const { harm } = compare(rule, own.candidate, own.champion)
  if (estimateOf(harm).lower === null && !isUnbounded(harm)) return { ...result, answer: 'failed' }
  if (provenWorse(rule, own, margin) === undefined) return result
  // The figures are those that decide: a cross beside better ones would be a riddle.
  const otherwise = [`Decided on the test rows that version ${champion.version} was selected on.`, elsewhereWords(rule, decisive, decidedOnFresh)]
  return { ...judgeAgainstChampion({ ...rule, comparison: 'notWorse' }, origin, own, { ...facts, besides: otherwise }), rule, vetoed: true }
}

/** What the candidate would have been let through on. */
function elsewhereWords(rule: AgainstChampion, { candidate, champion }: Compared, isFresh: boolean): string {
  const { harm, relative } = compare(rule, candidate, champion)
  const rows = isFresh ? 'On the rows that arrived after it was trained' : 'On all test rows together'
  if (harm.value === null) return `${rows} the difference is undefined.`
  return `${rows} the candidate is ${comparison(relative, harm.value)}${harm.value < 0 ? ': so it looks when wrong data lies on both sides of the split' : ''}.`
}

/** How much worse the candidate is at least, where that is proven to be more than a margin. */
function provenWorse(rule: AgainstChampion, { candidate, champion }: Compared, margin: number): number | undefined {
  const { lower } = estimateOf(compare(rule, candidate, champion).harm)
  return lower !== null && lower > margin ? lower : undefined
}

function ownWords(rule: AgainstChampion, own: Compared, margin: number): string {
  const { harm, relative } = compare(rule, own.candidate, own.champion)
  if (harm.value === null) return "On the champion's own test rows the difference is undefined, and an undefined difference never passes."
  const words = `On the champion's own test rows it is ${comparison(relative, harm.value)}`
  const atLeast = provenWorse(rule, own, margin)
  return atLeast === undefined
    ? `${words}.`
    : `${words}, and with 95 % confidence at least ${comparison(relative, atLeast)}: proven to be more than the ${difference(relative, margin)} allowed.`
}

/** Both models on several selections of the rows, on the same draws; undefined where they are too few to say anything. */
function comparedOn({ candidate, sample, split, unit }: Pair, champion: Scored, metric: MetricName, selections: readonly Int32Array[]): readonly (Compared | undefined)[] {
  const units = selections.map((rows) => presentUnits(within(sample.units, rows)))
  const isEnough = selections.map((rows) => smallness(split, unit, within(sample.units, rows), candidate) === undefined)
  const distributions = resampleTogether(
    selections.map((rows, index) => {
      const some = within(sample.drawn, rows)
      return { units: some, evaluators: isEnough[index] === true ? [evaluatorOf(metric, candidate, some), evaluatorOf(metric, champion, some)] : [] }
    }),
    sample,
  )
  return distributions.map(([first, second], index) => (first === undefined || second === undefined ? undefined : { candidate: first, champion: second, units: units[index] ?? 0 }))
}

function timesBefore(reused: number | undefined): string {
  return reused === undefined ? '' : ` (${reused === 1 ? 'once' : `${reused} times`} before)`
}

function withoutStop(reason: string): string {
  return reason.replace(/\.$/, '')
}
