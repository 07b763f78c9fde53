import { RefitError } from '../errors.js'
import type { RunError } from './run.js'

/** An error as a run keeps it: a foreseen one by its code, a bug with its stack. */
export function describeError(error: unknown): RunError {
  if (error instanceof RefitError) {
    const { code, message, hint, faults } = error
    return faults.length === 0 ? { code, message, hint } : { code, message, hint, faults: [...faults] }
  }
  if (error instanceof Error) return { code: 'unexpected', message: error.message, stack: error.stack ?? error.message }
  return { code: 'unexpected', message: String(error) }
}
