import type { RunDetail } from '../../src/api/wire/run.js'
import type { MetricName } from '../../src/define/stored-definition.js'
import { directionOf } from '../../src/evaluation/metric.js'
import { ruleLabel } from '../../src/evaluation/rule-label.js'
import { figureOf, type Following } from './following.js'

/** A week after which another model served than its candidate, or than the last there was. */
export interface JudgedWeek {
  readonly following: Following
  /** The run whose candidate would serve if all were promoted. */
  readonly newest: Pick<RunDetail, 'outcome' | 'verdict'>
}

/** What kept candidates out of service, and what came of it. */
export interface Refusal {
  readonly cause: string
  readonly weeks: number
  /** Weeks in which the candidate would have been better. */
  readonly better: number
  /** The harm, in the metric of all rows of the season, beside always promoting; negative where it was right. */
  readonly cost: number
}

/** Metrics that are a mean over rows: those of a season are the sum of what each week adds. */
const means: readonly MetricName[] = ['mae', 'mape', 'logLoss', 'accuracy']

export function isMean(metric: MetricName): boolean {
  return means.includes(metric)
}

/**
 * Where the two ways differ it is for one refusal alone: the candidate of that run was kept out. So what the maintained
 * model loses or gains by that, in a metric that is a mean over rows, is a sum over refusals.
 */
export function refusalsOf(weeks: readonly JudgedWeek[], metric: MetricName): readonly Refusal[] {
  const rows = weeks.reduce((sum, { following }) => sum + following.rows, 0)
  const found = new Map<string, Refusal>()
  for (const { following, newest } of weeks) {
    if (newest.outcome === 'promoted') continue
    const cause = causeOf(newest)
    const former = found.get(cause) ?? { cause, weeks: 0, better: 0, cost: 0 }
    const more = (figureOf(following, metric, 'maintained') ?? Number.NaN) - (figureOf(following, metric, 'alwaysPromoted') ?? Number.NaN)
    const harm = directionOf({ metric }) === 1 ? -more : more
    found.set(cause, { cause, weeks: former.weeks + 1, better: former.better + (harm > 0 ? 1 : 0), cost: former.cost + (harm * following.rows) / rows })
  }
  return [...found.values()].toSorted((a, b) => b.cost - a.cost)
}

/** The rules that did not let it through, and what they answered. */
function causeOf({ outcome, verdict }: JudgedWeek['newest']): string {
  if (verdict === undefined) return `${outcome ?? 'unknown'}, without a verdict`
  if (verdict.test.tooSmall !== undefined) return `too small a test set: ${verdict.answer}`
  const decisive = verdict.rules.filter(({ answer }) => answer === verdict.answer)
  return decisive.length === 0 ? `not servable: ${verdict.answer}` : decisive.map(({ rule, answer }) => `${ruleLabel(rule)}: ${answer}`).join('; ')
}
