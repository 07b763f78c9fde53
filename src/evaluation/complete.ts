import { answerOf } from './judge.js'
import { summarise } from './summary.js'
import type { RuleResult, Verdict } from './verdict.js'

/** A verdict with the results of rules that ran beside it. They count as all others do. */
export function withResults(verdict: Verdict, results: readonly RuleResult[], hasChampion: boolean): Verdict {
  if (results.length === 0) return verdict
  const { tooSmall } = verdict.test
  const rules = [...verdict.rules, ...results]
  const complete = { ...verdict, rules, answer: answerOf(rules, tooSmall) }
  return { ...complete, summary: summarise(complete, tooSmall, hasChampion) }
}
