import { link, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { refitError } from '../errors.js'
import { syncFile } from './sync.js'

/**
 * Lets a finished file appear under its name, whole. Without `overwrite` nothing is ever replaced, also not what has come
 * there meanwhile; the same file under that name already is what was to be done.
 * @throws RefitError `output-exists`, `file-unwritable`
 */
export async function publishOutput(finished: string, output: string, overwrite: boolean): Promise<void> {
  try {
    if (overwrite) await rename(finished, output)
    else await linkOnce(finished, output)
    await syncFile(dirname(output))
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw refitError('output-exists', { file: output }, { cause: error })
    throw refitError('file-unwritable', { file: output, reason: error instanceof Error ? error.message : String(error) }, { cause: error })
  }
  await rm(finished, { force: true })
}

async function linkOnce(finished: string, output: string): Promise<void> {
  try {
    await link(finished, output)
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && (await isSameFile(finished, output))) return
    // Some file systems have no links.
    if (codeOf(error) !== 'EPERM' && codeOf(error) !== 'ENOTSUP' && codeOf(error) !== 'EOPNOTSUPP') throw error
    await requireAbsent(output)
    await rename(finished, output)
  }
}

/** @throws RefitError `output-exists` */
export async function requireAbsent(output: string): Promise<void> {
  const isThere = await stat(output).then(() => true, () => false)
  if (isThere) throw refitError('output-exists', { file: output })
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = [await stat(one), await stat(other)]
  return a.ino === b.ino && a.dev === b.dev
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
