import { metricFigure, metricLabel } from '../evaluation/rule-label.js'
import type { Estimate, Verdict } from '../evaluation/verdict.js'
import { legend, models } from './legend.js'
import { markup, nothing, type Markup } from './markup.js'
import { scaleOf } from './scale.js'
import { strip } from './strip.js'

/** Candidate beside champion on every metric, each on a scale of its own. */
export function metricsTable({ candidate, champion, primaryMetric }: Verdict): Markup {
  const names = Object.keys(candidate).toSorted((a, b) => Number(b === primaryMetric) - Number(a === primaryMetric))
  if (names.length === 0) return nothing
  return markup`<section><h2>Every metric</h2>${legend(models(champion?.version))}<table><caption>With intervals of 90 %, on the same rows; each line has a scale of its own</caption><thead><tr><th scope="col">metric</th><th class="n" scope="col">candidate</th>${
    champion === undefined ? nothing : markup`<th class="n" scope="col">version ${champion.version}</th>`
  }<th class="p" scope="col">interval</th></tr></thead><tbody>${names.map((name) => line(name, candidate[name], champion?.metrics[name]))}</tbody></table></section>`
}

function line(name: string, candidate: Estimate | undefined, champion: Estimate | undefined): Markup {
  const marks = [...(candidate === undefined ? [] : [{ of: 'candidate' as const, estimate: candidate }]), ...(champion === undefined ? [] : [{ of: 'champion' as const, estimate: champion }])]
  const scale = scaleOf(marks.flatMap(({ estimate: { value, lower, upper } }) => [value, lower, upper]))
  const title = `${metricLabel(name)}: ${marks.map(({ of, estimate }) => `${of} ${interval(name, estimate)}`).join('; ')}`
  return markup`<tr><th scope="row">${metricLabel(name)}</th>${marks.map(({ estimate }) => markup`<td class="n" title="${interval(name, estimate)}">${metricFigure(name, estimate.value)}</td>`)}<td class="p">${strip({ title, scale, marks })}</td></tr>`
}

/** A figure with its bounds. */
export function interval(name: string, { value, lower, upper }: Estimate): string {
  return lower === null || upper === null ? metricFigure(name, value) : `${metricFigure(name, value)} (${metricFigure(name, lower)} to ${metricFigure(name, upper)})`
}
