import { estimateOf, harmOf, resample, unmeasured } from '../../src/evaluation/bootstrap.js'
import { defaultMargin } from '../../src/define/metric-facts.js'
import type { MetricName, Task } from '../../src/define/stored-definition.js'
import { directionOf, evaluatorOf } from '../../src/evaluation/metric.js'
import { metricLabel } from '../../src/evaluation/rule-label.js'
import { rowsWhere, unitsOf } from '../../src/evaluation/units.js'
import type { Estimate } from '../../src/evaluation/verdict.js'
import { comparison } from '../../src/evaluation/wording.js'
import { ways, wayWords, type Following, type Way } from './following.js'
import { joined } from './joined.js'

/** Of the draws of weeks. */
export const SEED = 20_140_502

export type OtherWay = Exclude<Way, 'maintained'>
const otherWays: readonly OtherWay[] = ['neverRetrained', 'alwaysPromoted']

/** What the ways are compared by; the first is the one that a model's rules compare by. */
const comparedBy: Readonly<Record<Task, readonly MetricName[]>> = { regression: ['mae', 'mape'], classification: ['logLoss', 'accuracy', 'rocAuc'] }

/** The maintained model beside another way, in one metric. */
export interface Beside {
  readonly metric: MetricName
  readonly other: OtherWay
  /** Whether the harm is a share of the other's figure, or in the metric's own unit. */
  readonly relative: boolean
  /** Positive: the maintained model is worse. */
  readonly harm: Estimate
}

/** How a season went by the rows of all files that followed, each predicted before it had arrived. */
export interface Standing {
  readonly metrics: readonly MetricName[]
  readonly weeks: number
  readonly rows: number
  readonly unscored: number
  readonly figure: (metric: MetricName, way: Way) => Estimate
  readonly besides: readonly Beside[]
}

/**
 * The ways side by side, on the same draws of whole weeks: those that follow each other are alike, and the intervals
 * are stretched by how much, as for the blocks of time of a check.
 */
export function standingOf(followings: readonly Following[]): Standing {
  const scored = (way: Way) => joined(followings.map((each) => each.scored[way]))
  const metrics = comparedBy[followings[0]?.scored.maintained.task ?? 'regression']
  const weekOfRow = Int32Array.from(followings.flatMap(({ rows }, week) => Array.from({ length: rows }, () => week)))
  const units = unitsOf(rowsWhere(weekOfRow.length, () => true), weekOfRow, { isSerial: true })
  const models = ways.map(scored)
  const distributions = resample(metrics.flatMap((metric) => models.map((model) => evaluatorOf(metric, model, units))), units, SEED)
  const of = (metric: MetricName, way: Way) => distributions[metrics.indexOf(metric) * ways.length + ways.indexOf(way)] ?? unmeasured
  const besides = metrics.flatMap((metric) =>
    otherWays.map((other): Beside => {
      const relative = 'relative' in defaultMargin({ metric })
      return { metric, other, relative, harm: estimateOf(harmOf(of(metric, 'maintained'), of(metric, other), directionOf({ metric }), relative)) }
    }),
  )
  return {
    metrics,
    weeks: followings.length,
    rows: weekOfRow.length,
    unscored: followings.reduce((sum, { unscored }) => sum + unscored, 0),
    figure: (metric, way) => estimateOf(of(metric, way)),
    besides,
  }
}

/** What the interval says; `untold` where a figure is undefined, which shows nothing. */
export function answerOf({ harm: { lower, upper } }: Beside): 'worse' | 'better' | 'open' | 'untold' {
  if (lower === null || upper === null) return 'untold'
  return lower > 0 ? 'worse' : upper < 0 ? 'better' : 'open'
}

/** At least as good as the other, within the interval. */
export function isAsGood(beside: Beside): boolean {
  const answer = answerOf(beside)
  return answer === 'better' || answer === 'open'
}

const answerWords = { worse: 'proven worse', better: 'proven better', open: 'not told apart', untold: 'cannot be told' } as const

/** E.g. `4.1 % better (90 % interval: 5.2 % better to 3.3 % better): proven better`. */
export function besideWords(beside: Beside): string {
  const { relative, harm } = beside
  const { value, lower, upper } = harm
  if (value === null || lower === null || upper === null) return answerWords.untold
  return `${comparison(relative, value)} (90 % interval: ${comparison(relative, lower)} to ${comparison(relative, upper)}): ${answerWords[answerOf(beside)]}`
}

/** A sentence that stands alone. */
export function besideSentence(model: string, beside: Beside): string {
  return `${model}: by ${metricLabel(beside.metric)} of the following week the maintained model is, beside ${wayWords[beside.other]}, ${besideWords(beside)}.`
}
