import { Value } from 'typebox/value'
import { runDetail } from '../../src/api/run-answers.js'
import { runReport } from '../../src/cli/run-report.js'
import { openTerminal } from '../../src/cli/terminal.js'
import { isDeadlocked } from '../../src/evaluation/deadlock.js'
import { judge, type Case } from '../../src/evaluation/judge.js'
import { Verdict } from '../../src/evaluation/verdict.js'
import type { RunOutcome } from '../../src/database/schema.js'
import type { Run } from '../../src/runs/run.js'
import { coded, regressionCase } from '../evaluation/cases.js'
import { modelNamed } from '../support/stored-models.js'

/** Verdicts on made-up test sets, each by the rules of evidence and as `refit show` prints it, with how to read it. */
interface Worked {
  readonly title: string
  /** What is the case, in one sentence. */
  readonly situation: string
  readonly input: Case
  readonly reading: string
}

const notWorse = { kind: 'champion', metric: 'mae', comparison: 'notWorse', margin: { relative: 0.03 } } as const
const first = { ...regressionCase({ units: 400, seed: 11 }), champion: undefined }
const unable = regressionCase({ units: 200, seed: 19 })
/** Each version 2 % worse than the one before it; of each what it has on the same rows. */
const step = (steps: number): Case => regressionCase({ units: 400, harm: () => 1.02 ** steps - 1, spread: 0.12, seed: 20, straySeed: 30 + steps }, { rules: [notWorse] })

const examples: readonly Worked[] = [
  {
    title: 'Promoted: the first version',
    situation: 'There is no champion yet.',
    input: { ...first, rules: [{ kind: 'threshold', metric: 'mape', bound: 'atMost', value: 0.15 }] },
    reading: 'Besides its threshold a first version has to be better than predicting the mean of the training rows; that rule is added by itself.',
  },
  {
    title: 'Promoted: on rows that are new to both',
    situation: 'Half of the test rows came after the champion, and the candidate is 8 % better on these as on the older ones.',
    input: regressionCase({ units: 400, harm: () => -0.08, fresh: (unit) => unit >= 200, seed: 12 }, { rules: [notWorse] }),
    reading: 'The new rows are enough to tell the margin, so they decide; the champion’s own rows only have to show no harm.',
  },
  {
    title: 'Promoted: on all rows',
    situation: 'Only 8 of 400 groups are new; 30 are needed to decide by them.',
    input: regressionCase({ units: 400, harm: () => -0.05, fresh: (unit) => unit >= 392, seed: 13 }, { rules: [notWorse] }),
    reading: 'The comparison falls back on all test rows and says so, for the champion was selected on most of them.',
  },
  {
    title: 'Rejected: a threshold',
    situation: 'The candidate is as good as the champion, and both miss what the definition asks for.',
    input: regressionCase({ units: 400, seed: 14 }, { rules: [{ kind: 'threshold', metric: 'mae', bound: 'atMost', value: 95 }, notWorse] }),
    reading: 'A threshold is kept or not, whatever the champion does. That the champion falls short as well makes the model [below standard](#thresholds), which notifies.',
  },
  {
    title: 'Rejected: proven worse',
    situation: 'The candidate’s errors are 12 % larger.',
    input: regressionCase({ units: 400, harm: () => 0.12, seed: 15 }, { rules: [notWorse] }),
    reading: 'All of the interval lies above the margin, so it is proven worse, with 95 % confidence.',
  },
  {
    title: 'Rejected: a poisoned drop',
    situation: 'A drop with wrong prices lies on both sides of the split; the candidate has learned it, and is 40 % better on it and 15 % worse on everything before.',
    input: regressionCase({ units: 400, harm: (unit) => (unit >= 200 ? -0.4 : 0.15), strain: (unit) => (unit >= 200 ? 9 : 1), fresh: (unit) => unit >= 200, seed: 16 }, { rules: [notWorse] }),
    reading: 'On the new rows alone it would have passed. The rows that the champion was tested on are the second yardstick, and veto it. Somebody has to look whether the drop is wrong; until it is withdrawn, later candidates learn it too.',
  },
  {
    title: 'Inconclusive: the interval has the margin inside',
    situation: '60 groups, a candidate that is a little worse, and errors that stray.',
    input: regressionCase({ units: 60, harm: () => 0.01, spread: 0.4, seed: 23 }, { rules: [notWorse] }),
    reading: 'Nothing is wrong and nothing is proven. The verdict names what this test set can tell, and how much more data would settle it.',
  },
  {
    title: 'Inconclusive: too small a set',
    situation: 'Only 20 groups are in the test set.',
    input: regressionCase({ units: 20, harm: () => -0.2, seed: 18 }, { rules: [notWorse] }),
    reading: 'Fewer than 30 groups are too few to decide by, however good the figures look.',
  },
  {
    title: 'Rejected: one district breaks its limit',
    situation: 'Its errors are 10 % smaller than the champion’s in nine districts, and two and a half times as large in the north.',
    input: regressionCase({ units: 400, harm: (unit) => (unit % 10 === 0 ? 1.5 : -0.1), seed: 21 }, {
      rules: [{ kind: 'threshold', metric: 'mae', bound: 'atMost', value: 150, slice: { column: 'district', minimumRows: 30 } }],
      slices: { district: coded(Array.from({ length: 1600 }, (_, row) => ['north', 'harbour', 'mill', 'park', 'south', 'east', 'west', 'old town', 'fields', 'hill'][Math.floor(row / 4) % 10] ?? '')) },
    }),
    reading: 'The limit is broken by more than chance among ten districts explains, so the whole candidate is refused.',
  },
  {
    title: 'Awaiting approval: the champion cannot score the rows',
    situation: 'A column that the champion needs has been taken out of the definition. It serves on, for the callers still send that column.',
    input: { ...unable, rules: [notWorse], champion: { version: 3, scored: undefined, reason: 'it needs rooms, which the definition no longer has', fresh: () => true } },
    reading: 'No later run could settle this comparison. Rather than block the loop for good, the candidate waits for somebody.',
  },
  {
    title: 'Rejected: creep',
    situation: 'Within the margin of the champion, but the last of a chain in which each version was 2 % worse than the one before.',
    input: { ...step(1), formers: [2, 1].map((version) => ({ version, scored: step(version - 3).candidate, eligible: () => true })) },
    reading: 'Beside the rule about the champion stands the one about those before it: a chain of small steps may not add up.',
  },
]

/** The section of docs/verdicts.md. */
export function workedVerdicts(): string {
  return examples.map(({ title, situation, input, reading }) => `### ${title}\n\n${situation}\n\n\`\`\`text\n${shown(title, input)}\n\`\`\`\n\n${reading}\n`).join('\n')
}

/** Of which no run was made, so that no stage took any time. */
function shown(title: string, input: Case): string {
  // As it is read from where it is stored.
  const verdict = Value.Parse(Verdict, JSON.parse(JSON.stringify(judge(input))))
  const isStuck = isDeadlocked(verdict)
  const outcome: RunOutcome = verdict.answer === 'passed' ? 'promoted' : isStuck ? 'awaiting-approval' : verdict.answer === 'failed' ? 'rejected' : 'inconclusive'
  if (!title.toLowerCase().startsWith(outcome.replace('-', ' '))) throw new Error(`"${title}" is ${outcome}: ${verdict.summary}`)
  const version = input.champion === undefined ? 1 : input.champion.version + 1
  const before = { promoted: `Version ${version} is champion. `, 'awaiting-approval': `Version ${version} awaits approval. ` }
  const run: Run = {
    id: `price-${version}`,
    model: 'price',
    number: version,
    state: 'ended',
    outcome,
    causes: [{ trigger: 'arrival', actor: 'arrival', at: TIME.toISOString(), detail: `week-${version}.csv` }],
    force: false,
    offer: undefined,
    definition: modelNamed('price'),
    generation: 1,
    cancelRequested: false,
    snapshot: undefined,
    fingerprint: undefined,
    candidate: undefined,
    verdict,
    version: outcome === 'promoted' || outcome === 'awaiting-approval' ? version : undefined,
    explanation: `${outcome === 'promoted' || outcome === 'awaiting-approval' ? before[outcome] : ''}${verdict.summary}`,
    error: undefined,
    createdAt: TIME,
    startedAt: TIME,
    endedAt: TIME,
  }
  const checked = { answer: verdict.answer, summary: verdict.summary, ...(input.champion === undefined ? {} : { comparedWith: input.champion.version }) }
  const stage = { name: 'check', attempt: 1, startedAt: TIME, finishedAt: TIME, result: checked }
  const terminal = { ...openTerminal({ json: false, colour: false }), width: 100 }
  return runReport(terminal, runDetail(run, [stage], [], []), TIME.getTime()).map((line) => line.trimEnd()).join('\n').trimEnd()
}

const TIME = new Date('2026-05-04T06:00:00Z')
