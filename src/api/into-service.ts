import type { IntoService } from '../registry/into-service.js'
import { rolloutSummary } from './rollouts.js'
import type { PutIntoService } from './wire/model.js'
import { instant } from './wire/time.js'

/** What became of a version that may serve, as it is told. */
export function intoServiceAnswer(into: IntoService, now: Date): PutIntoService {
  return 'champion' in into ? { ...into.champion, since: instant(into.champion.since) } : { rollout: rolloutSummary(into.rollout, now) }
}
