import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { filesystemObjects } from '../../src/objects/filesystem/adapter.js'
import { testObjectStore } from './object-store.js'

testObjectStore('filesystem', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'refit-objects-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  // The folder is made by the first object.
  const root = join(folder, 'objects')
  return { store: filesystemObjects(root), reopen: () => filesystemObjects(root) }
})
