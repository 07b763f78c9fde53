import { rename, rm, writeFile } from 'node:fs/promises'
import { refitError } from '../errors.js'

/** Writes a file that appears whole: somebody may be looking at the former one. @throws RefitError `file-unwritable` */
export async function writeWhole(path: string, text: string): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`
  try {
    await writeFile(beside, text)
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    throw refitError('file-unwritable', { file: path, reason: error instanceof Error ? error.message : String(error) }, { cause: error })
  }
}
