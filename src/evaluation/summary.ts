import type { RuleResult, Verdict } from './verdict.js'

/** The verdict in a few sentences that stand alone, for the model's owner; `small` says what is too small to judge by. */
export function summarise(verdict: Omit<Verdict, 'summary'>, small: string | undefined, hasChampion: boolean): string {
  const { answer, rules } = verdict
  const rest = hasChampion ? 'The champion stays.' : 'Nothing is promoted; the next run tries again.'
  switch (answer) {
    case 'passed': {
      const decisive = rules.find(({ rule }) => rule.kind === 'champion') ?? rules.find(({ rule }) => rule.kind === 'baseline') ?? rules[0]
      const count = rules.length === 1 ? 'The rule holds.' : `All ${rules.length} rules hold.`
      return `Passed. ${decisive?.explanation ?? ''} ${count}`
    }
    case 'failed':
      return `Rejected. ${explanations(rules, 'failed')} ${rest}`
    case 'inconclusive':
      return `Inconclusive. ${small ?? explanations(rules, 'inconclusive')} ${rest}`
  }
}

const marks = { passed: '✓', failed: '✗', inconclusive: '?' } as const

/** The verdict as lines for a terminal: the summary, then each rule with its mark. */
export function explainVerdict(verdict: Verdict): readonly string[] {
  const { test } = verdict
  return [
    verdict.summary,
    `Judged on ${test.rows.toLocaleString('en-US')} test rows in ${test.units.toLocaleString('en-US')} ${test.unit}s` +
      `${test.ineligibleRows === 0 ? '' : `; ${test.ineligibleRows.toLocaleString('en-US')} left out, a model knew them`}.`,
    ...verdict.rules.map((result) => `${marks[result.answer]} ${result.explanation}`),
    ...verdict.warnings.map((warning) => `! ${warning}`),
    ...(verdict.belowStandard ? ['! The champion itself falls short of the thresholds on these rows.'] : []),
  ]
}

/** A verdict on a candidate that cannot be served: nothing else is looked at. */
export function unservableVerdict(primaryMetric: string, seed: number, reason: string): Verdict {
  return {
    formatVersion: 1,
    answer: 'failed',
    summary: `Rejected. The candidate cannot be served: ${reason} The champion stays.`,
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

function explanations(rules: readonly RuleResult[], answer: RuleResult['answer']): string {
  return rules
    .filter((result) => result.answer === answer)
    .map(({ explanation }) => explanation)
    .join(' ')
}
