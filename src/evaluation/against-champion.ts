import type { MetricName, StoredRule } from '../define/stored-definition.js'
import { estimateOf, isUnbounded, resample, resampleTogether, unmeasured, type Compared } from './bootstrap.js'
import { evaluatorOf } from './metric.js'
import { compare, isEnoughFor, judgeAgainstChampion, limitOf, marginOf } from './rules.js'
import { sampleOf, type Sample } from './sample.js'
import type { Scored } from './scored.js'
import { smallness } from './small-sets.js'
import { presentUnits, rowsWhere, within } from './units.js'
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
  /** Where it has been trained on its own test rows since (EVIDENCE rule 14): the package that was checked for it, and those rows. */
  readonly proxy?: StandIn | undefined
}

/** Without `scored` it could not be asked, for the reason. */
export interface StandIn {
  readonly scored: Scored | undefined
  readonly reason?: string | undefined
  readonly own: (row: number) => boolean
}

/** Candidate and champion on the test rows that both may be judged by. */
export interface Pair {
  readonly candidate: Scored
  readonly champion: ChampionCase
  readonly sample: Sample
  /** Resampling unit of each row of the test set. */
  readonly unitOfRow: Int32Array
  readonly unit: string
  readonly split: 'group' | 'time'
}

/**
 * The two yardsticks of EVIDENCE rule 5: fresh rows where they are enough, else all; and never proven worse on the
 * champion's own rows. `all` is the comparison on all rows. Whether fresh rows are enough to let a candidate through
 * follows from how much they can tell, not from what they say: one that may try the fresh rows and then all of them
 * has two throws. For a champion that knows its own rows the package stands in that was checked for it.
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
  const [fresh, own] = yardsticks(pair, scored, rule.metric, ownRows, all)
  const decidedOnFresh = fresh !== undefined && (fresh === all || isEnoughFor(rule, fresh) || provenWorse(rule, fresh, limitOf(rule)) !== undefined)
  const { size: margin } = marginOf(rule)
  const besides = [
    fresh === all
      ? 'All test rows arrived after the champion was trained.'
      : decidedOnFresh
        ? 'Decided on the rows that arrived after the champion was trained.'
        : `Decided on all test rows; those that the champion was selected on are reused${timesBefore(champion.reused)}, which favours the champion.`,
    ...(own === undefined || own === all ? [] : [ownWords(rule, own, margin, champion)]),
  ]
  const decisive = decidedOnFresh ? fresh : all
  const result = judgeAgainstChampion(rule, origin, decisive, { ...facts, besides })
  const ownRowsDecide = pair.split === 'group' || rule.ownRowsDecide === true
  if (!ownRowsDecide || result.answer === 'failed') return result
  const unasked = unaskedWords(champion)
  if (unasked !== undefined) return { ...result, answer: 'inconclusive', explanation: `${result.explanation} ${unasked}` }
  if (own === undefined) return result
  // Undefined fails closed (EVIDENCE rule 11).
  const { harm } = compare(rule, own.candidate, own.champion)
  if (estimateOf(harm).lower === null && !isUnbounded(harm)) return { ...result, answer: 'failed' }
  if (provenWorse(rule, own, margin) === undefined) return result
  // The figures are those that decide: a cross beside better ones would be a riddle.
  const beside = champion.proxy === undefined ? '' : ', beside the package that was checked for it'
  const otherwise = [`Decided on the test rows that version ${champion.version} was selected on${beside}.`, elsewhereWords(rule, decisive, decidedOnFresh)]
  return { ...judgeAgainstChampion({ ...rule, comparison: 'notWorse' }, origin, own, { ...facts, besides: otherwise }), rule, vetoed: true }
}

/** That there is nobody to veto on the champion's own rows, which lets nothing through. */
function unaskedWords({ version, proxy }: ChampionCase): string | undefined {
  if (proxy === undefined || proxy.scored !== undefined) return undefined
  return `On the test rows that version ${version} was selected on nothing can be said: the package that was checked for it cannot score them: ${withoutStop(proxy.reason ?? 'the reason is unknown')}.`
}

/** The comparison on the fresh rows, and that on the champion's own: `all` where these are all there are, undefined where they are too few. */
function yardsticks(pair: Pair, scored: Scored, metric: MetricName, ownRows: Int32Array, all: Compared): readonly [fresh: Compared | undefined, own: Compared | undefined] {
  const { champion, sample } = pair
  const { rows } = sample.units
  if (ownRows.length === 0) return [all, champion.proxy === undefined ? undefined : besideProxy(pair, champion.proxy, metric)]
  if (ownRows.length === rows.length) return [undefined, all]
  const [fresh, own] = comparedOn(pair, scored, metric, [rows.filter(champion.fresh), ownRows])
  return [fresh, own]
}

/** The candidate beside the package that was checked for the champion, on the rows that this one was tested on. */
function besideProxy({ candidate, sample, unitOfRow, unit, split }: Pair, { scored, own }: StandIn, metric: MetricName): Compared | undefined {
  if (scored === undefined) return undefined
  const { units, seed, threads } = sample
  const alone = sampleOf(rowsWhere(unitOfRow.length, own), unitOfRow, seed, threads, { weights: units.weights, isSerial: split === 'time' })
  if (smallness(split, unit, alone.units, candidate) !== undefined) return undefined
  const [first = unmeasured, second = unmeasured] = resample([candidate, scored].map((model) => evaluatorOf(metric, model, alone.drawn)), alone.drawn, seed, threads)
  return { candidate: first, champion: second, units: alone.units.count }
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

function ownWords(rule: AgainstChampion, own: Compared, margin: number, { proxy }: ChampionCase): string {
  const { harm, relative } = compare(rule, own.candidate, own.champion)
  const rows = proxy === undefined ? "On the champion's own test rows" : "On the champion's own test rows, beside the package that was checked for it,"
  if (harm.value === null) return `${rows} the difference is undefined, and an undefined difference never passes.`
  const words = `${rows} it is ${comparison(relative, harm.value)}`
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
