import type { MetricName } from '../../src/define/stored-definition.js'
import { metricFigure, metricLabel } from '../../src/evaluation/rule-label.js'
import { drawing, HEIGHT, path, type At } from '../../src/report/chart.js'
import { Markup, markup, type Part } from '../../src/report/markup.js'
import { pageStyle } from '../../src/report/page-style.js'
import { scaleOf } from '../../src/report/scale.js'
import { point } from '../../src/report/strip.js'
import { FEWEST_DRAWN, figureOf, ways, wayWords, type Following, type Way } from './following.js'
import type { JudgedWeek } from './refusals.js'

const WIDTH = 960
const TITLE = 24
const LEGEND = 30
const GAP = 20

/** The colours and forms that models have in a report. */
const marks = { maintained: 'champion', neverRetrained: 'difference', alwaysPromoted: 'candidate' } as const satisfies Record<Way, string>
/** What is drawn later lies above. */
const drawn: readonly Way[] = ['neverRetrained', 'alwaysPromoted', 'maintained']

/** A season as one SVG file that loads nothing: the error of each way week by week, and what refusals added to it. */
export function picture(model: string, weeks: readonly JudgedWeek[], metric: MetricName): string {
  const label = metricLabel(metric)
  const words = (value: number): string => metricFigure(metric, value)
  const points = (way: Way): readonly (readonly [number, number])[] => weeks.flatMap(({ following }, week) => pair(following, week, figureOf(following, metric, way)))
  const harms = weeks.flatMap(({ following, newest }, week) => (newest.outcome === 'promoted' ? [] : pair(following, week, (figureOf(following, metric, 'maintained') ?? Number.NaN) - (figureOf(following, metric, 'alwaysPromoted') ?? Number.NaN))))
  const every = Math.ceil(weeks.length / 8)
  const across = { x: { from: -0.5, to: weeks.length - 0.5 }, xLabel: 'week that was predicted', xTicks: weeks.flatMap((_, week) => (week % every === 0 ? [week] : [])), xWords: (week: number) => nameOf(weeks[week]), yWords: words }
  const errors = { ...across, title: `${label} of the following week`, description: weeks.map(({ following }) => `${following.file}: ${ways.map((way) => `${wayWords[way]} ${metricFigure(metric, figureOf(following, metric, way))}`).join(', ')}`).join('; '), y: scaleOf(ways.flatMap((way) => points(way).map(([, value]) => value))) }
  const costs = { ...across, title: `${label} of maintained less that of always promoted, where a candidate was kept out`, description: harms.map(([week, harm]) => `${nameOf(weeks[week])}: ${words(harm)}`).join('; '), y: scaleOf([0, ...harms.map(([, harm]) => harm)], 0.15) }
  const second = TITLE + LEGEND + HEIGHT + GAP
  const height = second + TITLE + HEIGHT
  return `${
    markup`<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"><title>${model}, replayed week by week</title><style>${new Markup(`${pageStyle}svg{font-family:system-ui,sans-serif}.paper{fill:var(--paper)}svg .title{fill:var(--ink);font-size:14px}`)}</style><rect class="paper" width="${WIDTH}" height="${height}"/>
<text class="title" x="8" y="18">${model}: ${errors.title}${weeks.some(({ following }) => following.rows < FEWEST_DRAWN) ? `; weeks of fewer than ${FEWEST_DRAWN} rows are not drawn` : ''}</text>${ways.map((way, index) => key(way, 8 + index * 170, TITLE + 16))}
<g transform="translate(0 ${TITLE + LEGEND})">${drawing(errors, (at) => drawn.map((way) => path(at, marks[way], points(way))))}</g>
<text class="title" x="8" y="${second + 14}">${costs.title}; above 0 it would have been better</text>
<g transform="translate(0 ${second + TITLE})">${drawing(costs, (at) => [zero(at), harms.map(([week, harm]) => [stem(at, week, harm), point('difference', at.x(week), at.y(harm))])])}</g></svg>`.text
  }\n`
}

function pair({ rows }: Following, week: number, value: number | null): readonly (readonly [number, number])[] {
  return value === null || !Number.isFinite(value) || rows < FEWEST_DRAWN ? [] : [[week, value]]
}

function nameOf(week: JudgedWeek | undefined): string {
  return week?.following.file.replace(/\.csv$/, '') ?? ''
}

function key(way: Way, x: number, y: number): Part {
  return markup`<line class="path ${marks[way]}" x1="${x}" x2="${x + 28}" y1="${y - 4}" y2="${y - 4}"/><text x="${x + 34}" y="${y}">${wayWords[way]}</text>`
}

function zero(at: At): Part {
  return markup`<line class="zero" x1="11%" x2="98%" y1="${at.y(0)}" y2="${at.y(0)}"/>`
}

function stem(at: At, week: number, harm: number): Part {
  return markup`<line class="interval difference" x1="${at.x(week)}" x2="${at.x(week)}" y1="${at.y(0)}" y2="${at.y(harm)}"/>`
}
