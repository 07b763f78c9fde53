import { join } from 'node:path'
import type { StoredObjects } from '../define/stored-definition.js'
import { filesystemObjects } from '../objects/filesystem/adapter.js'
import type { ObjectStore } from '../objects/object-store.js'
import { s3Objects } from '../objects/s3/adapter.js'

/** The object store of a project: a folder of its state, or a bucket with copies there. Nothing is looked at yet. */
export function openObjects(objects: StoredObjects | undefined, stateFolder: string): ObjectStore {
  if (objects === undefined) return filesystemObjects(join(stateFolder, 'objects'))
  const { bucket, prefix, access, cacheBytes } = objects
  return s3Objects({ address: { bucket, prefix }, access, cacheBytes, cacheFolder: join(stateFolder, 'object-copies') })
}
