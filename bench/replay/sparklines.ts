import type { MetricName } from '../../src/define/stored-definition.js'
import { metricFigure, metricLabel } from '../../src/evaluation/rule-label.js'
import { place, scaleOf } from '../../src/report/scale.js'
import { FEWEST_DRAWN, figureOf, ways, wayWords } from './following.js'
import type { JudgedWeek } from './refusals.js'

const LEVELS = '▁▂▃▄▅▆▇█'

/** A season for a terminal: a character a week, a line for each way, all on one scale. */
export function sparklines(model: string, weeks: readonly JudgedWeek[], metric: MetricName): readonly string[] {
  const figures = ways.map((way) => weeks.map(({ following }) => (following.rows < FEWEST_DRAWN ? null : figureOf(following, metric, way))))
  const scale = scaleOf(figures.flat(), 0)
  const level = (value: number | null): string => (value === null ? ' ' : (LEVELS[Math.min(LEVELS.length - 1, Math.floor((place(scale, value) / 100) * LEVELS.length))] ?? ' '))
  return [
    `${model}: ${metricLabel(metric)} of the following week, from ${metricFigure(metric, scale.from)} to ${metricFigure(metric, scale.to)}`,
    ...ways.map((way, index) => `${wayWords[way].padEnd(16)}${(figures[index] ?? []).map(level).join('')}`),
  ]
}
