import type { RunEnd } from '../runs/execution.js'
import type { Checked } from './check.js'
import type { Deployed } from './deploy.js'
import type { Published } from './version.js'

/** The run found nothing to do. */
export function nothingNew(explanation: string): RunEnd {
  return { outcome: 'unchanged', explanation }
}

/** The check did not let the candidate through: the champion stays. */
export function notPromoted(checked: Checked): RunEnd {
  return { outcome: checked.answer === 'inconclusive' ? 'inconclusive' : 'rejected', explanation: checked.summary }
}

/** The version waits for someone to approve it; no run slot is held. */
export function awaitingApproval(version: Published, checked: Checked): RunEnd {
  return { outcome: 'awaiting-approval', explanation: `Version ${version.number} awaits approval. ${checked.summary}` }
}

/** The version serves; or it does not, for someone has withdrawn what it was made from, which ends the run like a cancellation. */
export function promoted(live: Deployed, checked: Checked): RunEnd {
  if ('withdrawn' in live) {
    const [first = '', ...others] = live.withdrawn
    const drops = others.length === 0 ? `drop ${first}, which was` : `drops ${live.withdrawn.join(', ')}, which were`
    return { outcome: 'cancelled', explanation: `Version ${live.version} does not serve: it was made from ${drops} withdrawn meanwhile. A run without follows.` }
  }
  return { outcome: 'promoted', explanation: `Version ${live.version} is champion. ${checked.summary}` }
}
