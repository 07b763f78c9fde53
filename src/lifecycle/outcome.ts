import type { RunEnd } from '../runs/execution.js'
import type { Checked } from './check.js'
import type { Deployed } from './deploy.js'
import type { LifecycleRun } from './run.js'
import type { Published } from './version.js'

/** The run found nothing to do; a candidate that it was offered could not be judged. */
export function nothingNew({ offer }: LifecycleRun, explanation: string): RunEnd {
  return { outcome: offer === undefined ? 'unchanged' : 'inconclusive', explanation }
}

/** The check did not let the candidate through: the champion stays. */
export function notPromoted(checked: Checked): RunEnd {
  return { outcome: checked.answer === 'inconclusive' ? 'inconclusive' : 'rejected', explanation: checked.summary }
}

/** The version waits for someone to approve it; no run slot is held. */
export function awaitingApproval({ offer }: LifecycleRun, version: Published, checked: Checked): RunEnd {
  const isUnknown = offer?.kind === 'package' && offer.origin.trainedOn.kind === 'unknown'
  const caution = isUnknown ? ' Nobody has said what it was trained on: it may have seen the test rows before.' : ''
  return { outcome: 'awaiting-approval', explanation: `Version ${version.number} awaits approval.${caution} ${checked.summary}` }
}

/** The version serves, or is on its way; or it does not, for someone has withdrawn what it was made from or moved the champion, which ends the run like a cancellation. */
export function promoted({ offer }: LifecycleRun, live: Deployed, checked: Checked): RunEnd {
  if ('withdrawn' in live) {
    const [first = '', ...others] = live.withdrawn
    const drops = others.length === 0 ? `drop ${first}, which was` : `drops ${live.withdrawn.join(', ')}, which were`
    const made = offer === undefined ? 'it was made from' : 'it was made from, or checked on,'
    const after = offer === undefined ? 'A run without follows.' : 'Ask for it again.'
    return { outcome: 'cancelled', explanation: `Version ${live.version} does not serve: ${made} ${drops} withdrawn meanwhile. ${after}` }
  }
  if ('outdated' in live) {
    const named = (version: number | undefined): string => (version === undefined ? 'no champion' : `version ${version}`)
    const after = offer === undefined ? 'A run that compares with it follows.' : 'Ask for it again.'
    return { outcome: 'cancelled', explanation: `Version ${live.version} does not serve: it was compared with ${named(live.outdated.compared)}, and ${named(live.outdated.champion)} is champion since. ${after}` }
  }
  if ('rollout' in live) return { outcome: 'promoted', explanation: `Version ${live.version} is rolled out beside version ${live.champion} (${live.rollout}): ${live.steps.join(', ')}. ${checked.summary}`, rollout: live.rollout }
  return { outcome: 'promoted', explanation: `Version ${live.version} is champion. ${checked.summary}` }
}
