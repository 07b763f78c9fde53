import type { Explanation, VerdictOnVersion } from '../api/wire/explanation.js'
import { ago, count } from './figures.js'
import { causeWords, moveWords, originWords, outcomeWord, proxyWords, trainedOnWords } from './outcome-words.js'
import { labelled, ruleLines, testedOn, textWidth, type Page } from './run-report.js'
import { wrap } from './terminal.js'

const MOST_DROPS = 6

/** One version: the answer first, then what it rests on. */
export function explainReport(terminal: Page, explanation: Explanation, now: number): readonly string[] {
  const { paint } = terminal
  const { model, version, answer, verdicts, origin, serves, state, createdAt } = explanation
  return [
    `${serves ? paint.green('● serves') : paint.dim(`○ ${state}`)}  ${paint.bold(`${model}@${version}`)}  ${paint.dim(`made ${ago(createdAt, now)}`)}`,
    ...wrap(answer, textWidth(terminal) - 2).map((line) => `  ${line}`),
    ...verdicts.flatMap((verdict) => ['', ...verdictLines(terminal, verdict, now)]),
    '',
    ...labelled(terminal, 'Answers', explanation.answers.map(({ answer: given, run, actor, reason, anyway, at }) => `${moment(at)} ${given} by ${actor}${anyway ? ' anyway' : ''}, ${run}${because(reason)}`)),
    ...labelled(terminal, 'Service', moveLines(explanation)),
    ...(origin === undefined ? [] : labelled(terminal, 'Origin', [originWords(origin), `trained on: ${trainedOnWords(origin)}`])),
    ...labelled(terminal, origin === undefined ? 'Made of' : 'Checked', madeOfLines(explanation)),
    ...labelled(terminal, 'Package', [`${explanation.format} ${explanation.digest}`, ...(explanation.checkedByProxy === undefined ? [] : [proxyWords(explanation.checkedByProxy)])]),
    '',
    ...labelled(terminal, 'Next', nextSteps(explanation)),
  ]
}

function verdictLines(terminal: Page, { run, summary, comparedWith, test, rules, warnings }: VerdictOnVersion, now: number): readonly string[] {
  const made = run === undefined ? [] : [`${outcomeWord(terminal.paint, run)}  ${run.id}, ${ago(run.startedAt ?? run.createdAt, now)}; ${causeWords(run)}`]
  const beside = comparedWith === undefined ? 'no champion to compare with' : `beside version ${comparedWith}`
  return [
    ...labelled(terminal, 'Run', made),
    ...labelled(terminal, 'Verdict', [summary]),
    ...labelled(terminal, 'Test', test.rows === 0 ? [] : [`${beside}, on ${testedOn(test)}`, ...warnings]),
    ...ruleLines(terminal, { rules, explanation: summary }),
  ]
}

function moveLines({ version, moves }: Explanation): readonly string[] {
  if (moves.length === 0) return ['it has never served']
  return moves.map((move) =>
    move.version === version
      ? `${moment(move.at)} into service: ${moveWords(move)}${move.run === undefined ? '' : `, ${move.run}`}${move.previous === undefined ? '' : `, in place of version ${move.previous}`}`
      : `${moment(move.at)} out of service for version ${move.version}: ${moveWords(move)}${move.run === undefined ? '' : `, ${move.run}`}`,
  )
}

function madeOfLines({ madeFrom, origin }: Explanation): readonly string[] {
  const { snapshot, drops, split, trainedUntil, seed, commit, codeHash, environment } = madeFrom
  // What is withdrawn comes first: it must not be among those that are only counted.
  const named = drops.toSorted((a, b) => Number(b.withdrawn) - Number(a.withdrawn)).map(({ id, key, withdrawn }) => `${key} (${id}${withdrawn ? ', withdrawn since' : ''})`)
  const more = named.length > MOST_DROPS ? ` and ${count(named.length - MOST_DROPS)} more` : ''
  return [
    `snapshot ${snapshot.slice(0, 12)}${origin === undefined ? `: ${count(drops.length)} ${drops.length === 1 ? 'drop' : 'drops'}${named.length === 0 ? '' : `, ${named.slice(0, MOST_DROPS).join(', ')}${more}`}` : ''}`,
    `split ${split}${trainedUntil === undefined ? '' : `, trained until ${trainedUntil}`}, seed ${seed}`,
    `code ${codeHash.slice(0, 12)}${commit === undefined ? '' : `, commit ${commit.slice(0, 12)}`}; Refit ${environment.refit}, Node ${environment.node.replace(/^v/, '')}, ${environment.platform}`,
  ]
}

function nextSteps({ model, version, verdicts, madeFrom }: Explanation): readonly string[] {
  const run = verdicts.at(-1)?.run?.id
  return [
    ...(run === undefined ? [] : [`\`refit show ${run}\` shows the run and its rules.`]),
    `\`refit data ${model} --snapshot ${madeFrom.snapshot.slice(0, 12)}\` shows its data; \`--json\` with this command has every hash in full.`,
    ...(madeFrom.drops.some(({ withdrawn }) => withdrawn) ? [`Version ${version} was made from data that has been withdrawn since: it may not come into service again but by force.`] : []),
  ]
}

function because(reason: string | undefined): string {
  return reason === undefined ? '' : `: ${reason}`
}

function moment(at: string): string {
  return `${at.slice(0, 16).replace('T', ' ')} UTC`
}
