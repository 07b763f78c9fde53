import type { Verdict } from './verdict.js'

/**
 * Whether nothing is open but the comparison with a champion that cannot score the rows: no later run would settle it,
 * and someone has to approve the candidate (EVIDENCE rule 13).
 */
export function isDeadlocked({ answer, champion, rules, test }: Verdict): boolean {
  if (answer !== 'inconclusive' || champion !== undefined || test.tooSmall !== undefined) return false
  const open = rules.filter((result) => result.answer !== 'passed')
  return open.length > 0 && open.every((result) => result.answer === 'inconclusive' && result.rule.kind === 'champion')
}
