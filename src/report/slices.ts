import { ruleLabel } from '../evaluation/rule-label.js'
import type { Answer, Estimate, RuleResult, Verdict } from '../evaluation/verdict.js'
import { figure, percent } from '../evaluation/wording.js'
import { legend } from './legend.js'
import { interval } from './metrics-table.js'
import { markup, nothing, type Markup } from './markup.js'
import { scaleOf } from './scale.js'
import { strip } from './strip.js'

/** More are no picture any more; those that break the limit are among them whatever their number. */
const MOST = 200
const LONGEST_NAME = 60

interface Value {
  readonly value: string
  readonly rows: number
  readonly estimate: Estimate
  readonly answer?: Answer
  readonly adjustedP?: number
}

/** The values of a column on one scale, the largest figure first. */
export function slices({ rules }: Verdict): Markup {
  const sections = rules.flatMap((result) => [...sliced(result), ...compared(result)])
  return sections.length === 0 ? nothing : markup`<section><h2>Values of a column</h2>${sections}</section>`
}

function sliced({ rule, slices: found, answer, limit }: RuleResult): readonly Markup[] {
  if (found === undefined || rule.kind !== 'threshold') return []
  const line = limit ?? rule.value
  const covered = `${found.judged.length} values with ${percent(found.coveredShare)} of the rows; ${found.skipped.length} skipped for too few rows`
  return [markup`<h3>${ruleLabel(rule)} <span class="${answer}">${answer}</span></h3>${values(rule, found.column, found.judged, covered, [line])}`]
}

function compared({ rule, between, answer }: RuleResult): readonly Markup[] {
  if (between === undefined || rule.kind !== 'between') return []
  const covered = `${between.groups.length} values with ${percent(between.coveredShare)} of the rows; ${between.skipped.length} skipped`
  return [markup`<h3>${ruleLabel(rule)} <span class="${answer}">${answer}</span></h3>${values(rule, between.column, between.groups, covered, [])}`]
}

type OfMetric = Extract<RuleResult['rule'], { kind: 'threshold' | 'between' }>

function values(rule: OfMetric, column: string, all: readonly Value[], covered: string, limits: readonly number[]): Markup {
  const sorted = all.toSorted((a, b) => (b.estimate.value ?? Number.POSITIVE_INFINITY) - (a.estimate.value ?? Number.POSITIVE_INFINITY))
  const kept = new Set([...sorted.filter(({ answer }) => answer === 'failed'), ...sorted].slice(0, MOST))
  const shown = sorted.filter((each) => kept.has(each))
  const scale = scaleOf([...limits, ...shown.flatMap(({ estimate: { value, lower, upper } }) => [value, lower, upper])])
  const isTested = shown.some(({ adjustedP }) => adjustedP !== undefined)
  const more = all.length > shown.length ? `; ${all.length - shown.length} more are not drawn` : ''
  return markup`${legend([{ of: 'candidate', words: 'candidate with its interval of 90 %' }], limits.length === 0 ? {} : { limit: `limit ${figure(rule, limits[0] ?? null)}` })}<table class="${isTested ? 'four' : 'three'}"><caption>${covered}${more}; all on one scale</caption><thead><tr><th scope="col">${cut(column)}</th><th class="n" scope="col">rows</th><th class="n" scope="col">figure</th>${
    isTested ? markup`<th class="n" scope="col" title="probability of such a figure if the limit held, after Holm’s correction">adjusted p</th>` : nothing
  }<th class="p" scope="col">interval</th></tr></thead><tbody>${shown.map(
    ({ value, rows, estimate, answer, adjustedP }) =>
      markup`<tr><th scope="row">${cut(value)}${answer === 'failed' ? markup` <span class="failed">failed</span>` : nothing}</th><td class="n">${rows.toLocaleString('en-US')}</td><td class="n">${figure(rule, estimate.value)}</td>${
        isTested ? markup`<td class="n">${adjustedP === undefined ? '' : adjustedP < 0.001 ? '< 0.001' : adjustedP.toFixed(3)}</td>` : nothing
      }<td class="p">${strip({ title: `${cut(value)}: ${interval(rule.metric, estimate)}`, scale, marks: [{ of: 'candidate', estimate }], limits })}</td></tr>`,
  )}</tbody></table>`
}

/** Names are the data's own: they may be as long as a page. */
function cut(name: string): string {
  const seen = Array.from(name)
  if (name.trim() === '') return name === '' ? '(empty)' : '(blank)'
  return seen.length <= LONGEST_NAME ? name : `${seen.slice(0, LONGEST_NAME - 1).join('')}…`
}
