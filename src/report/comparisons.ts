import { ruleLabel } from '../evaluation/rule-label.js'
import type { Estimate, RuleResult, Verdict } from '../evaluation/verdict.js'
import { comparison, difference } from '../evaluation/wording.js'
import { legend } from './legend.js'
import { markup, nothing, type Markup } from './markup.js'
import { scaleOf } from './scale.js'
import { strip } from './strip.js'

interface Compared {
  readonly words: string
  readonly answer: RuleResult['answer'] | undefined
  readonly difference: Estimate
  readonly limit: number
  readonly relative: boolean
  readonly detectable: number | undefined
}

/** The interval of each difference against its margin: what the answers about the champion rest on. */
export function comparisons({ rules }: Verdict): Markup {
  const compared = rules.flatMap(comparedIn)
  if (compared.length === 0) return nothing
  return markup`<section><h2>Differences against their margins</h2><p class="dim">Right of the thin line the candidate is worse. A rule passes where all of the interval is left of its margin, fails where all of it is right of it, and is left open between.</p>${legend(
    [{ of: 'difference', words: 'difference with its interval of 90 %' }],
    { limit: 'margin', blind: 'smaller than this test set can tell' },
  )}<table><caption>Differences as shares where the margin is one, else in the metric’s own unit; each line has a scale of its own</caption><thead><tr><th scope="col">rule</th><th class="n" scope="col">difference</th><th class="n" scope="col">margin</th><th class="p" scope="col">interval</th></tr></thead><tbody>${compared.map(line)}</tbody></table></section>`
}

function comparedIn({ rule, answer, difference: found, limit, smallestDetectable, former }: RuleResult): readonly Compared[] {
  const relative = 'margin' in rule && 'relative' in rule.margin
  const words = ruleLabel(rule)
  if (former !== undefined && 'margin' in rule) {
    const margin = 'relative' in rule.margin ? rule.margin.relative : rule.margin.absolute
    return former.compared.map((each) => ({ words: `${words}: version ${each.version}, at ${(former.confidence * 100).toFixed(1)} %`, answer: undefined, difference: each.difference, limit: margin, relative, detectable: undefined }))
  }
  if (found === undefined || limit === undefined || (rule.kind !== 'champion' && rule.kind !== 'baseline')) return []
  return [{ words, answer, difference: found, limit, relative, detectable: smallestDetectable }]
}

function line({ words, answer, difference: found, limit, relative, detectable }: Compared): Markup {
  const scale = scaleOf([found.value, found.lower, found.upper, limit, 0])
  // What it cannot tell would push the interval aside where it is much wider.
  const blind = detectable === undefined ? undefined : detectable
  const value = found.value === null ? 'undefined' : comparison(relative, found.value)
  const bounds = found.lower === null || found.upper === null ? '' : `, ${comparison(relative, found.lower)} to ${comparison(relative, found.upper)}`
  const margin = limit === 0 ? 'better' : difference(relative, limit)
  const title = `${words}: ${value}${bounds}; margin ${margin}${detectable === undefined ? '' : `; tells ${difference(relative, detectable)} and more`}`
  return markup`<tr><th scope="row">${words}${answer === undefined ? nothing : markup` <span class="${answer}">${answer}</span>`}<div class="dim">${bounds === '' ? 'no interval' : `interval${bounds.slice(1)}`}${
    detectable === undefined ? '' : `; this test set tells ${difference(relative, detectable)} and more`
  }</div></th><td class="n">${value}</td><td class="n">${margin}</td><td class="p">${strip({ title, scale, marks: [{ of: 'difference', estimate: found }], limits: [limit], zero: true, blind })}</td></tr>`
}
