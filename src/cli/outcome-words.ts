import type { RunSummary } from '../api/wire/run.js'
import type { DropState } from '../api/wire/drop.js'
import type { Terminal } from './terminal.js'

type Paint = Terminal['paint']

/** A run's state as one coloured word with its sign. */
export function outcomeWord(paint: Paint, run: Pick<RunSummary, 'state' | 'outcome'>): string {
  if (run.outcome === undefined) return run.state === 'active' ? paint.cyan('● running') : paint.dim('○ waiting')
  switch (run.outcome) {
    case 'promoted':
      return paint.green('✓ promoted')
    case 'unchanged':
      return paint.dim('= unchanged')
    case 'rejected':
      return paint.red('✗ rejected')
    case 'inconclusive':
      return paint.yellow('? inconclusive')
    case 'awaiting-approval':
      return paint.yellow('… awaiting approval')
    case 'superseded':
      return paint.dim('- superseded')
    case 'failed':
      return paint.red('! failed')
    case 'cancelled':
      return paint.dim('- cancelled')
  }
}

/** The sign of a rule's answer. */
export function answerSign(paint: Paint, answer: 'passed' | 'failed' | 'inconclusive'): string {
  switch (answer) {
    case 'passed':
      return paint.green('✓')
    case 'failed':
      return paint.red('✗')
    case 'inconclusive':
      return paint.yellow('?')
  }
}

export function dropWord(paint: Paint, state: DropState): string {
  switch (state) {
    case 'recorded':
      return paint.cyan('○ recorded')
    case 'ingested':
      return paint.green('✓ ingested')
    case 'quarantined':
      return paint.red('✗ quarantined')
    case 'discarded':
    case 'superseded':
    case 'withdrawn':
      return paint.dim(`- ${state}`)
  }
}

/** Why a run started, in a few words. */
export function causeWords(run: Pick<RunSummary, 'causes'>): string {
  const [first] = run.causes
  if (first === undefined) return ''
  const more = run.causes.length > 1 ? ` and ${run.causes.length - 1} more` : ''
  const who = first.actor === first.trigger ? '' : ` by ${first.actor}`
  return `${first.trigger}${who}${first.detail === undefined ? '' : `: ${first.detail}`}${more}`
}
