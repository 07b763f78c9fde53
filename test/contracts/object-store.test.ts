import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { filesystemObjects } from '../../src/objects/filesystem/adapter.js'
import { s3Objects } from '../../src/objects/s3/adapter.js'
import { connectS3 } from '../../src/s3/client.js'
import { needsS3Server, startS3Server } from '../support/s3-server.js'
import { testObjectStore } from './object-store.js'

const MIB = 1024 * 1024

testObjectStore('filesystem', async (context) => {
  const folder = await temporaryFolder(context)
  // The folder is made by the first object.
  const root = join(folder, 'objects')
  return {
    store: filesystemObjects(root),
    reopen: () => filesystemObjects(root),
    fileOf: (key) => join(root, key),
    leftovers: async () => readdir(join(root, '.incoming')),
  }
})

for (const versions of [false, true]) {
  testObjectStore(
    versions ? 'S3 with versions' : 'S3',
    async (context) => {
      const folder = await temporaryFolder(context)
      const server = await startS3Server(context)
      const bucket = await server.bucket('objects', { versions })
      const { sdk, client } = await connectS3(server.access)
      context.after(() => client.destroy())
      let opened = 0
      const open = () => {
        opened += 1
        return s3Objects({ address: { bucket, prefix: 'refit/one' }, access: server.access, cacheFolder: join(folder, `cache-${opened}`), cacheBytes: 1e9, sizes: { single: 6 * MIB, part: 5 * MIB } })
      }
      return {
        store: open(),
        reopen: open,
        fileOf: (key) => join(server.folderOf(bucket), 'refit', 'one', key),
        leftovers: async () => {
          const { Uploads: uploads = [] } = await client.send(new sdk.ListMultipartUploadsCommand({ Bucket: bucket }))
          const aside = await readdir(join(folder, 'cache-1', '.incoming')).catch(() => [])
          return [...uploads.map(({ Key: key = '' }) => key), ...aside]
        },
      }
    },
    needsS3Server,
  )
}

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-objects-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}
