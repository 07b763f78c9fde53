import { metricFigure, metricLabel } from '../../src/evaluation/rule-label.js'
import type { RunOutcome } from '../../src/database/schema.js'
import { RESAMPLES } from '../../src/evaluation/bootstrap.js'
import { gap } from '../../src/evaluation/wording.js'
import { wayWords } from './following.js'
import { quarantined, type Asked } from './asked.js'
import { isMean, refusalsOf, type JudgedWeek } from './refusals.js'
import type { Season } from './seasons.js'
import { besideWords, SEED, type Standing } from './standing.js'

/** A season and how it stands. */
export interface Told {
  readonly season: Season
  readonly standing: Standing
}

/** The tables of the replay, in Markdown. */
export function tables(told: readonly Told[], asked: readonly Asked[]): readonly string[] {
  return [...outcomes(told), '', ...standings(told), '', ...refusals(told), '', ...asks(asked)]
}

const counted: readonly RunOutcome[] = ['promoted', 'rejected', 'inconclusive', 'failed', 'unchanged']

function outcomes(told: readonly Told[]): readonly string[] {
  const row = (what: string, figure: (season: Season) => string | number): string => `| ${[what, ...told.map(({ season }) => figure(season))].join(' | ')} |`
  return [
    row('weeks', ({ model }) => model),
    `|---|${'---|'.repeat(told.length)}`,
    row('delivered', ({ weeks }) => weeks.length),
    row('in quarantine as implausible', (season) => quarantined(season).length),
    ...counted.map((outcome) => row(outcome, ({ weeks }) => weeks.filter(({ run }) => run.outcome === outcome).length)),
    row('champion at the end, on the last test set', ({ champion: { version, metrics } }) => `version ${version}: ${Object.entries(metrics).map(([metric, value]) => `${metricLabel(metric)} ${metricFigure(metric, value)}`).join(', ')}`),
  ]
}

function standings(told: readonly Told[]): readonly string[] {
  const lines = told.flatMap(({ season, standing }) =>
    standing.metrics.map((metric) => {
      const figure = (way: keyof typeof wayWords): string => metricFigure(metric, standing.figure(metric, way).value)
      const beside = (other: keyof typeof wayWords): string => standing.besides.filter((each) => each.metric === metric && each.other === other).map(besideWords).join()
      return `| ${season.model} | ${metricLabel(metric)} | ${figure('maintained')} | ${figure('neverRetrained')} | ${beside('neverRetrained')} | ${figure('alwaysPromoted')} | ${beside('alwaysPromoted')} |`
    }),
  )
  return [
    `Each week's models predict the file that comes next, before it has arrived: ${told.map(({ season, standing }) => `${standing.rows.toLocaleString('en-US')} rows of ${standing.weeks} weeks of ${season.model}${standing.unscored === 0 ? ', none left out' : `, ${standing.unscored.toLocaleString('en-US')} more could not be scored`}`).join('; ')}.`,
    `Maintained is the champion after the week's run, never retrained the first version, always promoted the newest candidate whatever the check said. Intervals of 90 % from ${RESAMPLES.toLocaleString('en-US')} resamples of whole weeks in their order, seed ${SEED}, all three on the same draws.`,
    '',
    `| model | metric | maintained | ${wayWords.neverRetrained} | maintained beside it | ${wayWords.alwaysPromoted} | maintained beside it |`,
    '|---|---|---|---|---|---|---|',
    ...lines,
  ]
}

function refusals(told: readonly Told[]): readonly string[] {
  const lines = told.flatMap(({ season, standing }) =>
    standing.metrics.filter(isMean).flatMap((metric) => {
      const harm = (value: number): string => `${value < 0 ? '−' : '+'}${gap({ metric }, value)}`
      return refusalsOf(judgedWeeks(season), metric).map((each) => `| ${season.model} | ${each.cause} | ${each.weeks} | ${metricLabel(metric)} | ${each.better} | ${harm(each.cost)} |`)
    }),
  )
  if (lines.length === 0) return ['Every candidate was promoted.']
  return [
    'What kept candidates out of service, and its harm over all weeks beside always promoting (below 0: it was right to):',
    '',
    '| model | rule and answer | weeks | metric | weeks in which the candidate was better | harm |',
    '|---|---|---|---|---|---|',
    ...lines,
  ]
}

function asks(asked: readonly Asked[]): readonly string[] {
  return ['| asked for | found | holds |', '|---|---|---|', ...asked.map(({ what, found, holds }) => `| ${what} | ${found} | ${holds ? 'yes' : '**no**'} |`)]
}

/** The weeks after which three models were asked. */
export function judgedWeeks({ weeks }: Season): readonly JudgedWeek[] {
  return weeks.flatMap(({ judged }) => judged ?? [])
}
