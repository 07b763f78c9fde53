import { directionOf } from '../evaluation/metric.js'
import { ruleLabel } from '../evaluation/rule-label.js'
import type { RuleResult, Verdict } from '../evaluation/verdict.js'
import { figure } from '../evaluation/wording.js'
import { legend, models } from './legend.js'
import { interval } from './metrics-table.js'
import { markup, nothing, type Markup } from './markup.js'
import { scaleOf } from './scale.js'
import { strip } from './strip.js'

/** Figures against the limits that the definition sets. */
export function thresholds({ rules, champion }: Verdict): Markup {
  const lines = rules.flatMap((result) => line(result))
  if (lines.length === 0) return nothing
  return markup`<section><h2>Thresholds</h2>${legend(models(champion?.version), { limit: 'limit' })}<table><caption>With intervals of 90 %, or at the confidence that the rule asks for</caption><thead><tr><th scope="col">rule</th><th class="n" scope="col">candidate</th>${
    champion === undefined ? nothing : markup`<th class="n" scope="col">version ${champion.version}</th>`
  }<th class="p" scope="col">against the limit</th></tr></thead><tbody>${lines}</tbody></table></section>`

  function line({ rule, answer, candidate, champion: other, limit }: RuleResult): readonly Markup[] {
    if (rule.kind !== 'threshold' || rule.slice !== undefined || candidate === undefined || limit === undefined) return []
    const marks = [{ of: 'candidate' as const, estimate: candidate }, ...(other === undefined ? [] : [{ of: 'champion' as const, estimate: other }])]
    const limits = directionOf(rule) === 0 ? [-limit, limit] : [limit]
    const scale = scaleOf([...limits, ...marks.flatMap(({ estimate: { value, lower, upper } }) => [value, lower, upper])])
    const title = `${ruleLabel(rule)}: ${marks.map(({ of, estimate }) => `${of} ${interval(rule.metric, estimate)}`).join('; ')}; limit ${figure(rule, limit)}`
    return [
      markup`<tr><th scope="row">${ruleLabel(rule)} <span class="${answer}">${answer}</span></th><td class="n">${figure(rule, candidate.value)}</td>${
        champion === undefined ? nothing : markup`<td class="n">${other === undefined ? '' : figure(rule, other.value)}</td>`
      }<td class="p">${strip({ title, scale, marks, limits })}</td></tr>`,
    ]
  }
}
