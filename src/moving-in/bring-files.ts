import { below, checkArtifactPath, pathInStore, splitPath, type ArtifactPath } from '../tracking/artifact-path.js'
import { RefitError } from '../errors.js'
import { bringFile, filesBelow } from './files.js'
import type { FilePlace } from './file-place.js'
import type { Move } from './move.js'
import { storedFolder, type ServedFolder } from './served-folder.js'

/** Failures one after another after which it is no file that is broken. */
const MOST_FAILURES = 20
/** Where files of versions come to that lie in the folder of no run and no logged model. */
export const OTHERS = 'imported'

/**
 * Brings every file of a folder that is not here in its size; `anew`: all of them, for those that are here may be of a time when
 * they were others. `onDisk`: by what the server hands them out, if they lie on its disk; `isModel`: there have
 * to be some, so that a server that finds none has another disk.
 * @returns whether all that can be brought is here
 * @throws RefitError when one of the servers cannot be reached, or fails at one file after another
 */
export async function bringFiles(move: Move, whose: string, there: FilePlace, uri: string, { anew = false, onDisk, isModel = false }: { readonly anew?: boolean; readonly onDisk?: ServedFolder; readonly isModel?: boolean } = {}): Promise<boolean> {
  const { source, destination, tally, at, signal } = move
  const served = there.kind === 'served' ? storedFolder(there.path) : there.kind === 'disk' ? onDisk : undefined
  if (there.kind !== 'served' && served === undefined) tally.leave(`files of ${whose}`, there.reason)
  if (served === undefined) return true
  const here = pathInStore(uri)
  if (here === undefined) {
    tally.leave(`files of ${whose}`, `they lie here in another store (${uri})`)
    return true
  }
  const sizes = new Map<ArtifactPath, ReadonlyMap<string, number>>()
  let isWhole = true
  let isEmpty = true
  let failures = 0
  for await (const { path, bytes } of filesBelow(source.server, served, (path) => tally.leave(`file ${path} of ${whose}`, 'its path is not one that is taken'), signal)) {
    isEmpty = false
    const target = fitting(here, path)
    if (target === undefined) {
      tally.leave(`file ${path} of ${whose}`, 'its path is too long')
      continue
    }
    const { folder, name } = splitPath(target)
    let present = sizes.get(folder)
    if (present === undefined) {
      present = await destination.sizesIn(folder)
      sizes.set(folder, present)
    }
    if (!anew && bytes !== undefined && present.get(name) === bytes) {
      tally.pass('files')
      continue
    }
    at(`${whose}: ${path}`)
    const brought = await bringFile(source.server, served, path, destination.server, target, signal)
    if (typeof brought === 'number') {
      tally.add('files')
      tally.add('bytes', brought)
      failures = 0
      continue
    }
    const { failure, kind } = brought
    tally.leave(`file ${path} of ${whose}`, failure.message)
    if (kind === 'lasting') continue
    // With the next import it is tried again.
    isWhole = false
    if (kind === 'own') continue
    failures += 1
    if (failures === MOST_FAILURES) throw failure
  }
  if (!isEmpty || !isModel || there.kind !== 'disk') return isWhole
  tally.leave(`files of ${whose}`, there.reason)
  return false
}

/** A path below another one; undefined where both together are too long. */
function fitting(folder: ArtifactPath, path: ArtifactPath): ArtifactPath | undefined {
  try {
    return checkArtifactPath(below(folder, path))
  } catch (error) {
    if (error instanceof RefitError && error.code === 'tracking-invalid') return undefined
    throw error
  }
}
