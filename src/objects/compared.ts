import { stat } from 'node:fs/promises'
import { hashOfFile } from './key.js'

/** More files than a snapshot has; beyond them the ones that were looked at first are read once more. */
const MOST_REMEMBERED = 50_000

/** Compares files with the hash that they must have: once each, and again when something has touched them. */
export interface Comparing {
  /** Whether a file has this hash. @throws Error when it is not there */
  isSound(path: string, sha256: string): Promise<boolean>
  /** It is known to have its hash, for it was written just now. */
  wrote(path: string): Promise<void>
}

/**
 * Gigabytes are not read for each stage that needs them: a file that is as it was when it was compared is not read again.
 * @param keepsTime whether the time of a file says when it was written; else only another file in its place is noticed
 */
export function compareOnce({ keepsTime }: { readonly keepsTime: boolean }): Comparing {
  const known = new Map<string, string>()
  const remember = (path: string, state: string): void => {
    known.delete(path)
    known.set(path, state)
    const [oldest] = known.keys()
    if (known.size > MOST_REMEMBERED && oldest !== undefined) known.delete(oldest)
  }
  return {
    isSound: async (path, sha256) => {
      const state = await stateOf(path, keepsTime)
      if (known.get(path) === state) return true
      if ((await hashOfFile(path)) !== sha256) return false
      remember(path, state)
      return true
    },
    wrote: async (path) => {
      remember(path, await stateOf(path, keepsTime))
    },
  }
}

/** What changes when a file is written to, or another takes its place. */
async function stateOf(path: string, keepsTime: boolean): Promise<string> {
  const { ino, size, mtimeNs } = await stat(path, { bigint: true })
  return keepsTime ? `${ino} ${size} ${mtimeNs}` : `${ino} ${size}`
}
