import type { RuleResult, Verdict } from './verdict.js'

/** The verdict in a few sentences that stand alone, for the model's owner; `small` says what is too small to judge by. */
export function summarise(verdict: Omit<Verdict, 'summary'>, small: string | undefined, hasChampion: boolean): string {
  const { answer, rules } = verdict
  const rest = whatStays(hasChampion)
  switch (answer) {
    case 'passed': {
      const decisive = rules.find(({ rule }) => rule.kind === 'champion') ?? rules.find(({ rule }) => rule.kind === 'baseline') ?? rules[0]
      const lesser = rules.filter(({ lesserEvil }) => lesserEvil === true)
      if (lesser.length > 0) return `Passed as the lesser evil. ${lesser.map(({ explanation }) => explanation).join(' ')} All other rules hold.`
      const count = rules.length === 1 ? 'The rule holds.' : rules.length === 2 ? 'Both rules hold.' : `All ${rules.length} rules hold.`
      return `Passed. ${decisive?.explanation ?? ''} ${count}`
    }
    case 'failed':
      return `Rejected. ${explanations(small === undefined ? rules : rules.filter(({ rule }) => !('metric' in rule)), 'failed')} ${rest}`
    case 'inconclusive':
      return `Inconclusive. ${small === undefined ? explanations(rules, 'inconclusive') : `${small}${brokenWords(rules)}`} ${rest}`
  }
}

/** A verdict on a candidate that cannot be served: nothing else is looked at. */
export function unservableVerdict(primaryMetric: string, seed: number, reason: string, hasChampion: boolean): Verdict {
  return {
    formatVersion: 2,
    answer: 'failed',
    summary: `Rejected. The candidate cannot be served: ${reason.replace(/\.?$/, '.')} ${whatStays(hasChampion)}`,
    primaryMetric,
    candidate: {},
    baseline: {},
    rules: [],
    test: { rows: 0, units: 0, unit: 'row', ineligibleRows: 0, freshRows: 0 },
    resamples: 0,
    seed,
    belowStandard: false,
    warnings: [reason],
  }
}

/** What too few rows say is broken: whoever may approve the candidate all the same has to know. */
function brokenWords(rules: readonly RuleResult[]): string {
  const broken = explanations(rules, 'failed')
  return broken === '' ? '' : ` On what there is: ${broken}`
}

function whatStays(hasChampion: boolean): string {
  return hasChampion ? 'The champion stays.' : 'Nothing is promoted; the next run tries again.'
}

function explanations(rules: readonly RuleResult[], answer: RuleResult['answer']): string {
  return rules
    .filter((result) => result.answer === answer)
    .map(({ explanation }) => explanation)
    .join(' ')
}
