import type { Clock } from '../clock.js'

const RETRY_DELAY_MS = 200
const LONGEST_DELAY_MS = 5000

/** What the system says when the server cannot be reached, and PostgreSQL when it goes away or is not up yet. */
const outageCodes = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN',
  '57P01', '57P02', '57P03', '08000', '08001', '08003', '08006',
  // Too many connections; a standby that has yet to take over.
  '53300', '25006',
])

/** Whether an error only says that the database is away for now. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && typeof error.code === 'string' && outageCodes.has(error.code)) return true
  return /connection terminated|server closed the connection|client has encountered a connection error|not queryable/i.test(error.message)
}

/** Repeats `work`, which must be idempotent, until the database is there again. Rejects when `signal` aborts. */
export async function throughOutages<T>(work: () => Promise<T>, clock: Clock, signal?: AbortSignal): Promise<T> {
  for (let delay = RETRY_DELAY_MS; ; delay = Math.min(delay * 2, LONGEST_DELAY_MS)) {
    try {
      return await work()
    } catch (error) {
      if (!isOutage(error)) throw error
      await clock.sleep(delay, signal)
    }
  }
}
