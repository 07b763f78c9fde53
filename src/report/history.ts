import { metricFigure, metricLabel } from '../evaluation/rule-label.js'
import { chart, path } from './chart.js'
import { legend } from './legend.js'
import { markup, nothing, type Markup } from './markup.js'
import { scaleOf } from './scale.js'
import { point } from './strip.js'

/** A former verdict in its main metric. */
export interface FormerVerdict {
  readonly run: string
  readonly number: number
  readonly outcome: string
  readonly metric: string
  readonly candidate: number | null
  readonly champion?: number | null | undefined
}

/** The main metric of the last verdicts, oldest first. Those that were judged by another metric are left out. */
export function history(verdicts: readonly FormerVerdict[], metric: string): Markup {
  const shown = verdicts.filter((each) => each.metric === metric)
  if (shown.length < 2) return nothing
  const words = (value: number | null): string => metricFigure(metric, value)
  const candidates = shown.flatMap(({ number, candidate }) => (candidate === null ? [] : [[number, candidate] as const]))
  const champions = shown.flatMap(({ number, champion }) => (champion === null || champion === undefined ? [] : [[number, champion] as const]))
  const numbers = shown.map(({ number }) => number)
  const every = Math.ceil(numbers.length / 7)
  const title = `${metricLabel(metric)} of candidate and champion in the last ${shown.length} verdicts; each is of the test rows of its time`
  const description = shown.map(({ run, outcome, candidate, champion }) => `${run} ${outcome}: ${words(candidate)}${champion === undefined ? '' : ` beside ${words(champion)}`}`).join('; ')
  return markup`<section><h2>Verdicts before</h2>${legend([
    { of: 'candidate', words: 'candidate' },
    { of: 'champion', words: 'champion of the time' },
  ])}${chart({ title, description, x: scaleOf(numbers), y: scaleOf([...candidates, ...champions].map(([, value]) => value), 0.1), xLabel: 'run', xTicks: numbers.filter((_, index) => index % every === 0), xWords: String, yWords: words }, (at) => [
    path(at, 'champion', champions),
    path(at, 'candidate', candidates),
    champions.map(([number, value]) => point('champion', at.x(number), at.y(value))),
    candidates.map(([number, value]) => point('candidate', at.x(number), at.y(value))),
  ])}<details><summary>In figures</summary><table><thead><tr><th scope="col">run</th><th scope="col">outcome</th><th class="n" scope="col">candidate</th><th class="n" scope="col">champion</th></tr></thead><tbody>${shown.map(
    ({ run, outcome, candidate, champion }) => markup`<tr><th scope="row">${run}</th><td>${outcome}</td><td class="n">${words(candidate)}</td><td class="n">${champion === undefined ? '' : words(champion)}</td></tr>`,
  )}</tbody></table></details></section>`
}
