import type { Fault } from '../../errors.js'
import type { Failure } from '../../http/failure.js'

const MOST_FAULTS = 10

/** A refusal in one text, for protocols that have a place for no more: what happened, and what is wrong where. */
export function refusalWords({ message, faults = [] }: Pick<Failure, 'message' | 'faults'>): string {
  return faults.length === 0 ? message : `${message} ${faultWords(faults)}`
}

/** Faults in one line. */
export function faultWords(faults: readonly Fault[]): string {
  const shown = faults.slice(0, MOST_FAULTS).map(({ path, message }) => `${path} ${message}`)
  return faults.length > MOST_FAULTS ? `${shown.join('; ')}; and more` : shown.join('; ')
}
