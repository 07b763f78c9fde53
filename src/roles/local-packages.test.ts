import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { sharePackages } from './local-packages.js'

/** Packages that lie on disk for so many processes. */
async function shared(context: TestContext, processes: number, ...digests: readonly string[]): Promise<{ readonly of: ReturnType<typeof sharePackages>; readonly there: () => Promise<string> }> {
  const stateFolder = await mkdtemp(join(tmpdir(), 'refit-packages-'))
  context.after(() => rm(stateFolder, { recursive: true, force: true }))
  const folder = join(stateFolder, 'serving', 'packages')
  for (const digest of digests) await mkdir(join(folder, digest), { recursive: true })
  return { of: sharePackages(stateFolder, processes), there: async () => (await readdir(folder)).toSorted().join(' ') }
}

test('a package goes when no process needs it any more, and none before each has said what it needs', async (context) => {
  const { of, there } = await shared(context, 2, 'a', 'b', 'c', 'x.tmp')
  await of(1).replace(['b', 'c'])
  assert.equal(await there(), 'a b c x.tmp')
  await of(2).add('a')
  await of(1).replace(['c'])
  assert.equal(await there(), 'a b c x.tmp')
  await of(2).replace(['a'])
  assert.equal(await there(), 'a c x.tmp')
  await of(2).replace(['c'])
  assert.equal(await there(), 'c x.tmp')
})

test('what one is about to load is not removed by another, nor what one has needed that is being replaced', async (context) => {
  const { of, there } = await shared(context, 2, 'a', 'b')
  await of(1).replace(['a'])
  await of(2).replace(['a', 'b'])
  // Another one in the place of the second begins with the first of its packages.
  await of(2).add('a')
  await of(1).replace(['a'])
  assert.equal(await there(), 'a b')
  await Promise.all([of(2).replace([]), of(1).add('b'), of(1).replace(['b'])])
  assert.equal(await there(), 'b')
})
