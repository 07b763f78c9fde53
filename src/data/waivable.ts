import type { DropFault } from './snapshot.js'

/** Faults in which a value or a whole drop is unlikely or not allowed, but can be read: someone may say that it is right. */
const waivable: ReadonlySet<string> = new Set([
  'out-of-range',
  'category-not-allowed',
  'too-short',
  'too-long',
  'pattern-mismatch',
  'not-unique',
  'too-few-rows',
  'too-many-rows',
  'stale',
  'implausible-values',
  'implausible-extremes',
  'implausible-missing',
  'implausible-categories',
  'implausible-shares',
  'implausible-time',
  'implausible-repeats',
])

export function isWaivable(code: string): boolean {
  return waivable.has(code)
}

/** The faults that no release can waive: what is missing or cannot be read is not there to be trained on. */
export function unwaivable(faults: readonly DropFault[]): readonly DropFault[] {
  return faults.filter(({ code }) => !isWaivable(code))
}
