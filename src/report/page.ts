import { ruleLabel } from '../evaluation/rule-label.js'
import type { Verdict } from '../evaluation/verdict.js'
import { comparisons } from './comparisons.js'
import { fitCharts } from './fit-charts.js'
import { history, type FormerVerdict } from './history.js'
import { Markup, markup, nothing, type Part } from './markup.js'
import { metricsTable } from './metrics-table.js'
import { pageStyle } from './page-style.js'
import { slices } from './slices.js'
import { thresholds } from './thresholds.js'

/** What a page tells of. */
export interface ReportedRun {
  readonly id: string
  readonly model: string
  readonly outcome: string
  readonly explanation: string
  /** ISO 8601. */
  readonly endedAt: string | undefined
  readonly verdict: Verdict | undefined
  /** This one and those before it, oldest first. */
  readonly history: readonly FormerVerdict[]
}

/** What a browser is to let a page do that is served: show itself. */
export const reportPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** One run's verdict in words and pictures, as one HTML file that loads nothing and runs nothing. */
export function reportPage(run: ReportedRun): string {
  const { id, model, outcome, explanation, endedAt, verdict } = run
  const title = `${id}: ${outcome}`
  return `<!doctype html>\n${
    markup`<html lang="en"><head><meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/><title>${title}</title><style>${new Markup(pageStyle)}</style></head><body><header><p class="dim">${model}, run ${id}${
      endedAt === undefined ? nothing : markup`, ended ${endedAt.slice(0, 16).replace('T', ' ')} UTC`
    }</p><h1 class="${outcome}">${sentence(outcome)}</h1><p>${explanation}</p></header><main>${verdict === undefined ? markup`<p>No verdict was reached, so there is nothing to draw.</p>` : sections(verdict, run.history)}</main></body></html>`.text
  }\n`
}

function sections(verdict: Verdict, verdicts: readonly FormerVerdict[]): Part {
  return [tested(verdict), ruleList(verdict), comparisons(verdict), thresholds(verdict), metricsTable(verdict), slices(verdict), fitCharts(verdict), history(verdicts, verdict.primaryMetric)]
}

function tested({ test, champion, warnings, resamples, shortfalls = [], incomparable, byProxy }: Verdict): Markup {
  const { rows, units, unit, ineligibleRows, freshRows, reused } = test
  if (rows === 0) return nothing
  const facts = [
    `${rows.toLocaleString('en-US')} test rows${unit === 'row' ? '' : ` in ${units.toLocaleString('en-US')} units (${unit})`}`,
    ...(ineligibleRows === 0 ? [] : [`${ineligibleRows.toLocaleString('en-US')} left out as seen before`]),
    ...(champion === undefined ? [] : [`${freshRows.toLocaleString('en-US')} of them new since the champion`]),
    ...(reused === undefined ? [] : [`${reused === 1 ? 'one verdict' : `${reused.toLocaleString('en-US')} verdicts`} rested on the champion’s own rows before`]),
    `${resamples.toLocaleString('en-US')} resamples`,
  ]
  const remarks = [...(byProxy === undefined ? [] : ['Checked by proxy: the figures are those of the package that was checked; the version is trained once more, on every row']), ...(incomparable === undefined ? [] : [`Version ${incomparable.version} cannot be compared: ${incomparable.reason}`]), ...warnings, ...shortfalls.map((each) => `The champion falls short: ${each}`)]
  return markup`<section><p class="dim">${facts.join(' · ')}</p>${remarks.length === 0 ? nothing : markup`<ul>${remarks.map((each) => markup`<li>${each}</li>`)}</ul>`}</section>`
}

function ruleList({ rules }: Verdict): Markup {
  if (rules.length === 0) return nothing
  return markup`<section><h2>Rules</h2><ul>${rules.map(({ rule, answer, explanation }) => markup`<li><p><strong>${ruleLabel(rule)}</strong> <span class="${answer}">${answer}</span></p><p class="dim">${explanation}</p></li>`)}</ul></section>`
}

function sentence(outcome: string): string {
  const words = outcome.replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
