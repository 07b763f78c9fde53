import { Sets } from '../data/snapshot.js'
import type { RunEnd } from '../runs/execution.js'
import type { Stage } from '../workflow/stage.js'
import { Candidate } from './candidate.js'
import { check, Checked } from './check.js'
import { deploy, Deployed } from './deploy.js'
import { ingest } from './ingest.js'
import { Ingested } from './ingested.js'
import { trainOrTake } from './offered-candidate.js'
import { awaitingApproval, nothingNew, notPromoted, promoted } from './outcome.js'
import { refit, Refitted } from './refit.js'
import { refitsOnAll } from './refits-on-all.js'
import { underContract, type LifecycleRun, type Rooms } from './run.js'
import { split } from './split.js'
import { Published, publish } from './version.js'

/** One pass through the lifecycle. Each stage starts at least once and finishes exactly once, whatever dies in between. */
export async function runLifecycle(stage: Stage, requested: LifecycleRun, rooms: Rooms): Promise<RunEnd> {
  const data = await stage('ingest', Ingested, (attempt) => ingest(rooms, requested, attempt), { tries: 3 })
  if (data.nothingNew !== undefined) return nothingNew(requested, data.nothingNew)
  const run = underContract(requested, data.columns)
  const sets = await stage('split', Sets, (attempt) => split(rooms, run, data, attempt), { tries: 3 })
  const candidate = await stage('train', Candidate, (attempt) => trainOrTake(rooms, run, data, sets, attempt), { tries: 3 })
  const checked = await stage('check', Checked, (attempt) => check(rooms, run, data, sets, candidate, attempt), { tries: 3 })
  if (checked.next === 'none') return notPromoted(checked)
  const made = refitsOnAll(run) ? await stage('refit', Refitted, (attempt) => refit(rooms, run, data, sets, candidate, checked, attempt), { tries: 3 }) : candidate
  const version = await stage('version', Published, () => publish(rooms, run, data, sets, made, checked), { tries: 3 })
  if (checked.next === 'approval') return awaitingApproval(run, version, checked)
  const live = await stage('deploy', Deployed, () => deploy(rooms, run, data, version, checked), { tries: 3 })
  return promoted(run, live, checked)
}
