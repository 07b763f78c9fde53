import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import JSZip from 'jszip'
import { MODEL_FILE } from './features.js'

/** What Yggdrasil leaves of a model in a folder, beside the files with its trees. */
const HEADER = 'header.pb'
const COLUMNS = 'data_spec.pb'
/** The first instant that a zip can tell: the same model gives the same file. */
const SAME_INSTANT = new Date('1980-01-01T00:00:00Z')

/** Zips a model that was saved as a folder, as from Python. */
export async function zipFolder(folder: string, files: readonly string[]): Promise<void> {
  if (!files.includes(HEADER) || !files.includes(COLUMNS)) return
  const zip = new JSZip()
  // The folder of a model is flat; what lies deeper was put there by somebody else.
  const own = files.filter((file) => !file.includes('/') && file !== 'MLmodel').toSorted()
  for (const file of own) zip.file(file, await readFile(join(folder, file)), { date: SAME_INSTANT })
  await writeFile(join(folder, MODEL_FILE), await zip.generateAsync({ type: 'nodebuffer', compression: 'DEFLATE', platform: 'UNIX' }))
  for (const file of own) await rm(join(folder, file))
}
