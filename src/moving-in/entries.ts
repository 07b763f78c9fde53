import { RefitError } from '../errors.js'
import { checkKey, type Entry } from '../tracking/entries.js'
import { numberOf, type Point } from './answers.js'

interface SentEntry {
  readonly key: string
  readonly value?: string
}

/** Facts of another Refit: here such tags would say something of this one. */
const FACT = 'refit.'

/** Parameters or tags that can be kept here; `refused` is told the keys of the others. The last of several with one key counts. */
export function keptEntries(entries: readonly SentEntry[] | undefined, what: 'param' | 'tag', refused: (key: string) => void): readonly Entry[] {
  const kept = new Map<string, string>()
  for (const { key, value = '' } of entries ?? []) {
    if (what === 'tag' && key.startsWith(FACT)) continue
    if (isKey(key, what)) kept.set(key, value)
    else refused(key)
  }
  return [...kept].map(([key, value]) => ({ key, value }))
}

/** Whether something may be called so that is logged of a run. */
export function isKey(key: string, what: 'metric' | 'param' | 'tag'): boolean {
  try {
    checkKey(key, what)
    return true
  } catch (error) {
    if (error instanceof RefitError && error.code === 'tracking-invalid') return false
    throw error
  }
}

/** Whether a value of a metric can be kept: its name, and its time and step as whole numbers of 64 bits. */
export function isKeptPoint({ key, timestamp, step }: Pick<Point, 'key' | 'timestamp' | 'step'>): boolean {
  const at = numberOf(timestamp) ?? -1
  return isKey(key, 'metric') && at >= 0 && at < LARGEST && Math.abs(numberOf(step) ?? 0) < LARGEST
}

const LARGEST = 2 ** 63

/** Pieces of a list, each of at most so many. */
export function* piecesOf<T>(list: readonly T[], most: number): Generator<readonly T[]> {
  for (let start = 0; start < list.length; start += most) yield list.slice(start, start + most)
}
