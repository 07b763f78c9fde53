import { primaryMetricOf } from '../../src/evaluation/metric.js'
import { metricFigure, metricLabel } from '../../src/evaluation/rule-label.js'
import { figureOf, ways, wayWords } from './following.js'
import type { Week } from './seasons.js'

/** A week in one line, as it ends: what became of it, and how its models did in the next. */
export function weekLine(model: string, { file, drop, run, judged }: Week): string {
  const outcome = drop.state === 'ingested' ? (run.outcome ?? '') : drop.state
  return [model, file.name, outcome, ...(judged === undefined ? [] : [nextWeek(judged)]), drop.state === 'ingested' ? (run.explanation ?? '') : (drop.reason ?? '')].join('  ')
}

function nextWeek({ following }: NonNullable<Week['judged']>): string {
  const metric = primaryMetricOf(following.scored.maintained.task)
  return `next week’s ${metricLabel(metric)} ${ways.map((way) => `${metricFigure(metric, figureOf(following, metric, way))} ${wayWords[way]}`).join(', ')};`
}
