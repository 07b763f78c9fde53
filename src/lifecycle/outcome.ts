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

/** The version serves. */
export function promoted(live: Deployed, checked: Checked): RunEnd {
  return { outcome: 'promoted', explanation: `Version ${live.version} is champion. ${checked.summary}` }
}
