import type { Drop } from '../drops/drop.js'
import type { Withdrawal } from '../drops/withdrawal.js'
import type { DropSummary, WithdrawalAnswer } from './wire/drop.js'
import { instant } from './wire/time.js'

/** A drop as lists show it; `inSnapshots` is of how many snapshots it is part. */
export function dropSummary(drop: Drop, inSnapshots?: number): DropSummary {
  const { part, reason } = drop
  return {
    id: drop.id,
    model: drop.model,
    source: drop.source,
    key: drop.key,
    sha256: drop.sha256,
    bytes: drop.bytes,
    object: drop.object,
    ...(drop.objectVersion === undefined ? {} : { objectVersion: drop.objectVersion }),
    state: drop.state,
    recordedAt: instant(drop.recordedAt),
    changedAt: instant(drop.changedAt),
    ...(reason.summary === undefined ? {} : { reason: reason.summary }),
    ...(reason.faults === undefined ? {} : { faults: reason.faults }),
    ...(part === undefined ? {} : { rows: part.rows }),
    ...(part?.oldest === undefined ? {} : { oldest: part.oldest }),
    ...(part?.newest === undefined ? {} : { newest: part.newest }),
    ...(drop.supersededBy === undefined ? {} : { supersededBy: drop.supersededBy }),
    ...(drop.released ? { released: true } : {}),
    ...(drop.decision === undefined ? {} : { decision: drop.decision }),
    ...(inSnapshots === undefined ? {} : { inSnapshots }),
    ...(drop.run === undefined ? {} : { run: drop.run }),
  }
}

/** What a withdrawal found, and what its repair does or would do. */
export function withdrawalAnswer({ versions, champion, activeRun, repair }: Withdrawal): WithdrawalAnswer {
  const { isDone, needsRun, rollBackTo, cancels, run } = repair
  return {
    versions: [...versions],
    ...(champion === undefined ? {} : { champion }),
    ...(activeRun === undefined ? {} : { activeRun }),
    repair: {
      isDone,
      needsRun,
      ...(rollBackTo === undefined ? {} : { rollBackTo }),
      ...(cancels === undefined ? {} : { cancels }),
      ...(run === undefined ? {} : { run }),
    },
  }
}
