import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { refitError } from '../errors.js'
import { isInnerPath, MOST_FILES } from '../packages/inner-path.js'
import { LARGEST_PACKAGE_BYTES } from '../packages/read.js'
import { pathInStore } from '../tracking/artifact-path.js'
import { artifactsBelow } from '../tracking/artifacts.js'
import type { TrainedModel } from '../tracking/trained-models.js'
import type { Rooms } from './run.js'

/**
 * Brings the files of a model that a training has logged into a folder.
 * @throws RefitError `candidate-elsewhere` where they lie in another store, `package-unfit` for more than a package may have
 */
export async function fetchLoggedModel({ database, objects }: Pick<Rooms, 'database' | 'objects'>, { name, location }: TrainedModel, folder: string): Promise<void> {
  const root = pathInStore(location)
  if (root === undefined) throw refitError('candidate-elsewhere', { name, location })
  const files = await artifactsBelow(database, root, MOST_FILES + 1)
  if (files.length > MOST_FILES) throw refitError('package-unfit', { reason: `${name} has more than ${MOST_FILES} files` })
  if (files.reduce((sum, { bytes }) => sum + bytes, 0) > LARGEST_PACKAGE_BYTES) throw refitError('package-unfit', { reason: `${name} is larger than ${LARGEST_PACKAGE_BYTES} bytes` })
  for (const { path, object } of files) {
    if (!isInnerPath(path)) throw refitError('package-unfit', { reason: `${name} has a file ${JSON.stringify(path)}` })
    const target = join(folder, path)
    await mkdir(dirname(target), { recursive: true })
    await pipeline(await objects.read(object), createWriteStream(target, { flags: 'wx' }))
  }
}
