import assert from 'node:assert/strict'
import { createWriteStream } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { filesystemObjects } from '../../objects/filesystem/adapter.js'
import { packageArchive } from '../../packages/archive.js'
import { buildPackage } from '../../packages/build.js'
import type { Signature } from '../../packages/manifest.js'
import { storePackage } from '../../packages/store.js'
import { ydf } from '../../predictors/ydf/adapter.js'
import { keepForest, readKeptForest } from '../../predictors/ydf/forest-file.js'
import { unpackUpload } from './unpack-upload.js'
import type { Unpacked } from './unpacked.js'

const fixture = fileURLToPath(new URL('../../../../test/fixtures/models/named-regression.ydf.zip', import.meta.url))
const signature: Signature = { task: 'regression', inputs: [{ name: 'area', type: 'number', optional: false }, { name: 'district', type: 'category', optional: false }], target: 'price', classes: [] }

test('a package that is brought whole is taken as it is, but not with trees that are not those of its model', async (t) => {
  const scratch = await mkdtemp(join(tmpdir(), 'refit-unpack-'))
  t.after(() => rm(scratch, { recursive: true }))
  const objects = filesystemObjects(join(scratch, 'objects'))
  /** Brings a package whose folder has been finished, and then changed. */
  const brought = async (name: string, change: (folder: string) => Promise<void>): Promise<{ readonly digest: string; readonly unpacked: Promise<Unpacked> }> => {
    const folder = join(scratch, name)
    await mkdir(folder)
    await copyFile(fixture, join(folder, 'model.ydf.zip'))
    await ydf.finish(folder, signature)
    await change(folder)
    await buildPackage(folder, { format: ydf.format, signature })
    const { digest } = await storePackage(objects, folder)
    const archive = join(scratch, `${name}.tar`)
    await pipeline(await packageArchive(objects, digest, {}), createWriteStream(archive))
    return { digest, unpacked: unpackUpload([ydf], { archive, folder: join(scratch, `${name}-unpacked`), mostBytes: 100_000_000, features: [] }) }
  }
  const whole = await brought('whole', () => Promise.resolve())
  assert.equal((await whole.unpacked).package?.digest, whole.digest)
  // As a package was before trees were kept.
  const former = await brought('former', (folder) => keepForest(folder, undefined))
  assert.equal((await former.unpacked).package?.digest, former.digest)
  const forged = await brought('forged', async (folder) => {
    const own = await readKeptForest(folder)
    assert.ok(own !== undefined)
    await keepForest(folder, { ...own, leaf: own.leaf.map((value) => value + 1) })
  })
  await assert.rejects(forged.unpacked, { code: 'package-corrupt', message: /forest\.bin is not that of its model/ })
})
