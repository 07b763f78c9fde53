import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { canonicalJson, digestOf } from '../define/canonical-json.js'
import { filesystemObjects } from '../objects/filesystem/adapter.js'
import { buildPackage } from './build.js'
import { modelSignature, PREPARE_FILE, type Signature } from './manifest.js'
import { parseManifest, verifyPackage } from './read.js'
import { fetchPackage, storePackage } from './store.js'

const fixture = fileURLToPath(new URL('../../../test/fixtures/packages/format-1', import.meta.url))
/** Of the kept fixture: it must never change, for versions are registered under it. */
const FIXTURE_DIGEST = 'dd396f8fb83c623ac852d1e764db446d1d15e95d8d7f7109bd83134cf4883a92'

const preparedFixture = fileURLToPath(new URL('../../../test/fixtures/packages/format-2', import.meta.url))
const PREPARED_DIGEST = '3fe656d3751b15436e16122a93a073a180a9e9da6bd9785cf340d635c1bcc8ab'

const signature: Signature = {
  task: 'regression',
  inputs: [
    { name: 'area', type: 'number', optional: false },
    { name: 'zipcode', type: 'category', optional: true },
  ],
  target: 'price',
  classes: [],
}

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-package-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function builtPackage(root: string): Promise<{ folder: string; digest: string }> {
  const folder = join(root, 'model')
  await cp(fixture, folder, { recursive: true })
  await rm(join(folder, 'refit.json'), { force: true })
  const { digest } = await buildPackage(folder, { format: 'module', signature })
  return { folder, digest }
}

function manifestWith(paths: readonly string[], bytes = 1): string {
  const files = paths.map((path) => ({ path, sha256: 'a'.repeat(64), bytes }))
  return JSON.stringify({ formatVersion: 1, format: 'ydf', signature, files })
}

test('the kept package of format 1 is read, with the digest it was registered under', async () => {
  const manifest = await verifyPackage(fixture, FIXTURE_DIGEST)
  assert.deepEqual(manifest.files.map(({ path }) => path), ['MLmodel', 'nested/notes.txt', 'weights.json'])
})

test('the kept package of format 2, which prepares its rows, is read, with the digest it was registered under', async () => {
  const manifest = await verifyPackage(preparedFixture, PREPARED_DIGEST)
  assert.deepEqual(manifest.signature.inputs.map(({ name }) => name), ['area', 'built'])
  assert.deepEqual(modelSignature(manifest).inputs.map(({ name }) => name), ['area', 'age'])
})

test('a package without preparation is of the first format, as former ones are; one with it is not readable as such', async (context) => {
  const plain = join(await temporaryFolder(context), 'model')
  await cp(fixture, plain, { recursive: true })
  assert.equal((await buildPackage(plain, { format: 'module', signature })).manifest.formatVersion, 1)
  const { files, prepare } = await verifyPackage(preparedFixture, PREPARED_DIGEST)
  const disguised = parseManifest(JSON.stringify({ formatVersion: 1, format: 'module', signature, files, prepare }))
  assert.equal(disguised.manifest.prepare, undefined)
})

test('the digest tells how rows are prepared: by which code, to what', async (context) => {
  const digests = new Set<string>()
  const number = { type: 'number', optional: false } as const
  for (const change of ['none', 'code', 'output', 'order', 'range']) {
    const folder = await temporaryFolder(context)
    await cp(preparedFixture, folder, { recursive: true })
    if (change === 'code') await writeFile(join(folder, PREPARE_FILE), 'module.exports = { default: () => ({ age: 1 }) }')
    const features = [{ name: 'area', ...number }, { name: 'age', ...number }]
    const outputs = [{ name: 'age', ...number, optional: change === 'output', ...(change === 'range' ? { max: 9 } : {}) }]
    digests.add((await buildPackage(folder, { format: 'module', signature, prepare: { outputs, features: change === 'order' ? features.toReversed() : features } })).digest)
  }
  assert.equal(digests.size, 5)
})

test('a manifest whose preparation cannot be is damaged', async () => {
  const { signature: inputs, files, prepare } = await verifyPackage(preparedFixture, PREPARED_DIGEST)
  const manifest = { formatVersion: 2, format: 'module', signature: inputs, files, prepare }
  assert.doesNotThrow(() => parseManifest(JSON.stringify(manifest)))
  for (const wrong of [{ files: [] }, { prepare: { ...prepare, outputs: [] } }, { prepare: {} }, { prepare: null }]) {
    assert.throws(() => parseManifest(JSON.stringify({ ...manifest, ...wrong })), { code: 'package-corrupt' }, JSON.stringify(wrong))
  }
})

test('the same files give the same digest, wherever and whenever they are packed', async (context) => {
  const first = await builtPackage(await temporaryFolder(context))
  const second = await builtPackage(await temporaryFolder(context))
  assert.equal(first.digest, second.digest)
  const again = await buildPackage(first.folder, { format: 'module', signature })
  assert.equal(again.digest, first.digest)
})

test('a package survives the way through the object store', async (context) => {
  const root = await temporaryFolder(context)
  const objects = filesystemObjects(join(root, 'objects'))
  const { folder, digest } = await builtPackage(root)
  assert.deepEqual(await storePackage(objects, folder), { digest, versions: {} })
  const fetched = join(root, 'fetched')
  await fetchPackage(objects, digest, fetched)
  await verifyPackage(fetched, digest)
  assert.equal(await readFile(join(fetched, 'weights.json'), 'utf8'), '{"intercept":1}\n')
  assert.deepEqual((await readdir(root)).filter((name) => name.endsWith('.tmp')), [])
})

test('many fetching the same package at once all end with a whole one', async (context) => {
  const root = await temporaryFolder(context)
  const objects = filesystemObjects(join(root, 'objects'))
  const { folder, digest } = await builtPackage(root)
  await storePackage(objects, folder)
  const fetched = join(root, 'fetched')
  await Promise.all(Array.from({ length: 8 }, () => fetchPackage(objects, digest, fetched)))
  await verifyPackage(fetched, digest)
})

test('a change in any file is found, and fetching mends the folder', async (context) => {
  const root = await temporaryFolder(context)
  const objects = filesystemObjects(join(root, 'objects'))
  const { folder, digest } = await builtPackage(root)
  await storePackage(objects, folder)
  const fetched = join(root, 'fetched')
  for (const path of ['MLmodel', 'refit.json', 'weights.json', 'nested/notes.txt']) {
    const original = await readFile(join(folder, path))
    const flipped = Buffer.from(original)
    flipped[flipped.length - 2] = (flipped.at(-2) ?? 0) ^ 1
    for (const damage of [
      async (file: string) => writeFile(file, flipped),
      async (file: string) => truncate(file, original.length - 1),
      async (file: string) => rm(file),
    ]) {
      await fetchPackage(objects, digest, fetched)
      await damage(join(fetched, path))
      await assert.rejects(verifyPackage(fetched, digest), { code: 'package-corrupt' }, path)
      await fetchPackage(objects, digest, fetched)
      await verifyPackage(fetched, digest)
    }
  }
})

test('a damaged object is refused and leaves no folder', async (context) => {
  const root = await temporaryFolder(context)
  const objects = filesystemObjects(join(root, 'objects'))
  const { folder, digest } = await builtPackage(root)
  await storePackage(objects, folder)
  const manifest = await verifyPackage(folder, digest)
  for (const { sha256 } of manifest.files) {
    const object = join(root, 'objects', 'files', sha256)
    const original = await readFile(object)
    for (const content of [Buffer.from('damage'), Buffer.concat([original, original]), original.subarray(1)]) {
      await rm(object)
      await writeFile(object, content)
      await assert.rejects(fetchPackage(objects, digest, join(root, 'fetched')), { code: 'package-corrupt' })
    }
    await writeFile(object, original)
  }
  await rm(join(root, 'objects', 'files', manifest.files[0]?.sha256 ?? ''))
  await assert.rejects(fetchPackage(objects, digest, join(root, 'fetched')), { code: 'object-missing' })
  assert.deepEqual((await readdir(root)).toSorted(), ['model', 'objects'])
})

test('a manifest stored under the digest of another is refused', async (context) => {
  const root = await temporaryFolder(context)
  const objects = filesystemObjects(join(root, 'objects'))
  const { folder, digest } = await builtPackage(root)
  await storePackage(objects, folder)
  const manifest = join(root, 'objects', 'manifests', `${digest}.json`)
  const changed = (await readFile(manifest, 'utf8')).replace('"module"', '"onnx"')
  await rm(manifest)
  await writeFile(manifest, changed)
  await assert.rejects(fetchPackage(objects, digest, join(root, 'fetched')), { code: 'package-corrupt' })
})

test('a link in place of a file is refused, in building and in verifying', async (context) => {
  const root = await temporaryFolder(context)
  const { folder, digest } = await builtPackage(root)
  await rm(join(folder, 'weights.json'))
  await symlink(join(fixture, 'weights.json'), join(folder, 'weights.json'))
  await assert.rejects(verifyPackage(folder, digest), { code: 'package-corrupt' })
  await assert.rejects(buildPackage(folder, { format: 'module', signature }), { code: 'package-unfit' })
})

test("an MLmodel of the author's own is kept", async (context) => {
  const root = await temporaryFolder(context)
  await writeFile(join(root, 'MLmodel'), 'flavors: {}\n')
  await buildPackage(root, { format: 'module', signature })
  assert.equal(await readFile(join(root, 'MLmodel'), 'utf8'), 'flavors: {}\n')
})

test('a path that leaves the folder is refused, however it is written', () => {
  const outside = ['../x', '/etc/passwd', 'a/../../x', 'a//b', './a', 'a/.', '', 'C:/x', 'a\\..\\..\\x', 'a\0b', '%2e%2e/x', '%252e%252e%252fx', '..%2fx', '%2Fetc', `${'a/'.repeat(600)}x`]
  for (const path of outside) assert.throws(() => parseManifest(manifestWith([path])), { code: 'package-corrupt' }, JSON.stringify(path))
  for (const path of ['a', 'a/b.c', '50%.txt', 'ä/ü', '...', 'a..b']) assert.doesNotThrow(() => parseManifest(manifestWith([path])), path)
})

test('a manifest with absurd sizes, doubled or too many files is refused', () => {
  assert.throws(() => parseManifest(manifestWith(['a', 'b'], Number.MAX_SAFE_INTEGER)), { code: 'package-corrupt' })
  assert.throws(() => parseManifest(manifestWith(['a'], -1)), { code: 'package-corrupt' })
  assert.throws(() => parseManifest(manifestWith(['a', 'A'])), { code: 'package-corrupt' })
  assert.throws(() => parseManifest(manifestWith(['Refit.json'])), { code: 'package-corrupt' })
  assert.throws(() => parseManifest(manifestWith(Array.from({ length: 10_001 }, (_, index) => `f${index}`))), { code: 'package-corrupt' })
})

test('a manifest of a later format version is refused as newer, a malformed one as damaged', () => {
  assert.throws(() => parseManifest('{"formatVersion":3}'), { code: 'package-newer' })
  for (const json of ['', '{', '[]', 'null', '{}', '{"formatVersion":1}', '{"formatVersion":"1"}', '{"formatVersion":0}']) {
    assert.throws(() => parseManifest(json), { code: 'package-corrupt' }, json)
  }
})

test('the digest covers what a later writer may add to a manifest', () => {
  const value: unknown = { ...JSON.parse(manifestWith(['a'])), note: 'more' }
  const read = parseManifest(JSON.stringify(value))
  assert.equal(read.digest, digestOf(value))
  assert.equal(read.json, canonicalJson(value))
})
