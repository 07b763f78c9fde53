import { metricLabel } from '../../src/evaluation/rule-label.js'
import type { Season, Week } from './seasons.js'
import { answerOf, besideSentence, isAsGood, type Standing } from './standing.js'

const LEAST_PROMOTIONS = 5
const MOST_MAPE = 0.13
const MOST_MAE = 70_000
/** Two in the 57 weeks of King County. */
const MOST_ALARMS = 2 / 57

/** Something that is asked of a season, and what was found. */
export interface Asked {
  readonly what: string
  readonly found: string
  readonly holds: boolean
}

/** Of both seasons: no drop is lost, no group is on both sides, and false alarms are few. */
export function askedOfDrops(season: Season): readonly Asked[] {
  const { model, weeks } = season
  const alarms = quarantined(season)
  const most = Math.floor(weeks.length * MOST_ALARMS)
  const accounted = weeks.filter(isAccountedFor).length
  return [
    { what: `${model}: every drop accounted for, ingested with all its rows or in quarantine`, found: `${accounted} of ${weeks.length}`, holds: accounted === weeks.length },
    { what: `${model}: at most ${most} weeks in quarantine, for none is wrong`, found: alarms.length === 0 ? '0' : `${alarms.length}: ${alarms.map(({ file }) => file.name).join(', ')}`, holds: alarms.length <= most },
  ]
}

/** Of King County. */
export function askedOfHouses(season: Season): readonly Asked[] {
  const { model, weeks, promotions, champion } = season
  const shared = sharedGroups(weeks)
  const { mape = null, mae = null } = champion.metrics
  return [
    { what: `${model}: no group on both sides of a split, in any run`, found: String(shared), holds: shared === 0 },
    { what: `${model}: at least ${LEAST_PROMOTIONS} promotions`, found: String(promotions), holds: promotions >= LEAST_PROMOTIONS },
    { what: `${model}: MAPE at the end at most ${MOST_MAPE}`, found: mape === null ? 'undefined' : mape.toFixed(4), holds: mape !== null && mape <= MOST_MAPE },
    { what: `${model}: MAE at the end at most ${MOST_MAE.toLocaleString('en-US')} USD`, found: mae === null ? 'undefined' : Math.round(mae).toLocaleString('en-US'), holds: mae !== null && mae <= MOST_MAE },
  ]
}

/**
 * Of both: the maintained model is at least as good as either other way, within the interval, by the metric that the
 * model's rules compare by. They promise nothing of another: what the others say is in the table.
 */
export function askedOfStanding({ model }: Season, { metrics, besides }: Standing): readonly Asked[] {
  const promised = besides.filter(({ metric }) => metric === metrics[0])
  const short = promised.filter((beside) => !isAsGood(beside))
  const better = promised.filter((beside) => answerOf(beside) === 'better').length
  const found = short.length === 0 ? `as good in ${promised.length} of ${promised.length} comparisons, proven better in ${better}` : short.map((beside) => besideSentence(model, beside)).join(' ')
  return [{ what: `${model}: maintained at least as good as never retrained and as always promoted, within the interval, by ${metrics.slice(0, 1).map(metricLabel).join()}`, found, holds: short.length === 0 }]
}

/** Weeks that the rules of plausibility refused. */
export function quarantined({ weeks }: Season): readonly Week[] {
  return weeks.filter(({ drop }) => drop.state === 'quarantined')
}

function isAccountedFor({ drop, file }: Week): boolean {
  return drop.state === 'quarantined' || (drop.state === 'ingested' && drop.rows === file.rows)
}

/** NaN, which is not 0, where a split does not say it. */
function sharedGroups(weeks: readonly Week[]): number {
  return weeks.flatMap(({ run }) => run.stages.filter(({ name }) => name === 'split')).reduce((sum, { summary }) => sum + Number(/(\d+) shared groups$/.exec(summary)?.[1] ?? Number.NaN), 0)
}
