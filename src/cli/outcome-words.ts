import type { RunSummary } from '../api/wire/run.js'
import type { VersionSummary } from '../api/wire/version.js'
import type { DropState } from '../api/wire/drop.js'
import type { Terminal } from './terminal.js'

type Paint = Terminal['paint']
type Origin = NonNullable<VersionSummary['origin']>

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

/** Where a model comes from that was brought, in one line. */
export function originWords({ path, host, version, sha256, actor, reason }: Origin): string {
  const from = version === undefined ? `${path}${host === undefined ? '' : ` on ${host}`}` : `version ${version.number} of ${version.model}${version.environment === undefined ? '' : ` in ${version.environment}`}`
  return `from ${from}, ${sha256.slice(0, 12)}, by ${actor}: ${reason}`
}

/** That a version is not the package which was checked. */
export function proxyWords({ rows, digest }: NonNullable<VersionSummary['checkedByProxy']>): string {
  return `checked by proxy: package ${digest.slice(0, 12)} was checked, and this one trained after it on all ${rows.toLocaleString('en-US')} rows`
}

/** How a version came into service, by whom and why. */
export function moveWords({ cause, actor, reason }: NonNullable<VersionSummary['served']>): string {
  return `${cause} by ${actor}${reason === undefined ? '' : `: ${reason}`}`
}

/** What was said of the rows that a brought model was trained on. */
export function trainedOnWords({ trainedOn }: Origin): string {
  switch (trainedOn.kind) {
    case 'units':
      return `${trainedOn.units.toLocaleString('en-US')} units that were named`
    case 'until':
      return `nothing after ${trainedOn.time}`
    case 'elsewhere':
      return `${trainedOn.drops.length} drops, elsewhere`
    case 'unknown':
      return 'nobody says: whatever had arrived by then counts as seen'
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
