import type { RuleResult } from './verdict.js'
import { comparison } from './wording.js'

/**
 * A broken threshold beside a champion that breaks it too, where the definition lets the lesser evil through (EVIDENCE
 * rule 8). `beside` is the comparison of the two in the metric of the threshold: the candidate has to be proven better.
 */
export function besideLesserChampion(broken: RuleResult, beside: RuleResult): RuleResult {
  const { difference, rule } = beside
  const relative = rule.kind === 'champion' && 'relative' in rule.margin
  if (beside.answer !== 'passed') {
    const explanation = `${broken.explanation} The candidate is not proven better than it, so it is no lesser evil.`
    return { ...broken, explanation, ...(difference === undefined ? {} : { difference }) }
  }
  const { upper } = difference ?? {}
  const surely = typeof upper === 'number' ? `: with 95 % confidence ${comparison(relative, upper)} at worst` : ''
  return {
    ...broken,
    answer: 'passed',
    lesserEvil: true,
    explanation: `${broken.explanation} The candidate is proven better than it${surely}, and takes its place as the lesser evil.`,
    ...(difference === undefined ? {} : { difference }),
  }
}
