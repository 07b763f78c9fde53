import type { RunSummary } from '../api/wire/run.js'

/** What `refit` exits with; docs/cli.md lists them. */
export const exitCodes = {
  ok: 0,
  error: 1,
  usage: 2,
  rejected: 3,
  inconclusive: 4,
  awaitingApproval: 5,
  failed: 6,
  cancelled: 7,
  interrupted: 130,
} as const

/** The exit code of `refit run` for an outcome. */
export function exitCodeOf(outcome: NonNullable<RunSummary['outcome']>): number {
  switch (outcome) {
    case 'promoted':
    case 'unchanged':
      return exitCodes.ok
    case 'rejected':
      return exitCodes.rejected
    case 'inconclusive':
      return exitCodes.inconclusive
    case 'awaiting-approval':
    case 'superseded':
      return exitCodes.awaitingApproval
    case 'failed':
      return exitCodes.failed
    case 'cancelled':
      return exitCodes.cancelled
  }
}
