import assert from 'node:assert/strict'
import { renameSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { folderSource } from '../../src/sources/folder/adapter.js'
import { folder, type FolderOptions } from '../../src/sources/folder/definition.js'
import { uploadSource } from '../../src/sources/upload/adapter.js'
import { gone, look, testCompleteDrops, testSource, type SourceUnderTest } from './source.js'

testSource('folder', async (context) => openFolder(await projectFolder(context)))
testCompleteDrops('folder', async (context, complete) => openFolder(await projectFolder(context), { complete }))

test('folder: hidden and temporary files are left alone, and so is what lies below such a folder', async (context) => {
  const { source, deliver } = openFolder(await projectFolder(context))
  const unfinished = ['.hidden.csv', '.git/objects.csv', '~$week.csv', 'week.csv~', 'week.csv.tmp', 'week.csv.part', 'week.CSV.PARTIAL', 'week.csv.crdownload', '.week.csv.swp']
  for (const key of [...unfinished, 'partial.csv', 'week.tmp.csv']) await deliver(key, 'a\n1\n')
  assert.deepEqual((await source.list(look)).map(({ key }) => key).toSorted(), ['partial.csv', 'week.tmp.csv'])
})

test('folder: a link out of the folder is refused, and never opened', async (context) => {
  const project = await projectFolder(context)
  const { source, deliver } = openFolder(project)
  await deliver('week.csv', 'a\n1\n')
  await mkdir(join(project, 'private'))
  await writeFile(join(project, 'private', 'secret.csv'), 'secret\n')
  await symlink(join(project, 'private'), join(project, 'drops', 'weeks', 'link'))
  await symlink(join(project, 'private', 'secret.csv'), join(project, 'drops', 'weeks', 'secret.csv'))
  const listed = await source.list(look)
  assert.deepEqual(new Map(listed.map(({ key, refused }) => [key, refused])), new Map([['week.csv', undefined], ['link', 'it is a link'], ['secret.csv', 'it is a link']]))
  // As if it had been listed: a source that knew its version would have to refuse all the same.
  const [secret] = await folderSource(project, { path: 'private' }).list(look)
  assert.ok(secret !== undefined)
  for (const key of ['link/secret.csv', 'secret.csv', '../../private/secret.csv']) await assert.rejects(source.open({ ...secret, key }), gone, key)
})

test('folder: a name that is no UTF-8 is refused by what its bytes are; any other is taken', async (context) => {
  const project = await projectFolder(context)
  const { source, deliver } = openFolder(project)
  for (const key of ['März.csv', 'odd \ufffd.csv']) await deliver(key, 'a\n1\n')
  const folder = Buffer.from(`${join(project, 'drops', 'weeks')}/`)
  await writeFile(Buffer.concat([folder, Buffer.from('M\xe4rz.csv', 'latin1')]), 'a\n1\n')
  await mkdir(Buffer.concat([folder, Buffer.from('\xfcber', 'latin1')]))
  const listed = await source.list(look)
  assert.deepEqual(new Map(listed.map(({ key, refused }) => [key, refused])), new Map([['März.csv', undefined], ['odd \ufffd.csv', undefined], ['M\\xe4rz.csv', 'its name is no UTF-8'], ['\\xfcber', 'its name is no UTF-8']]))
  for (const object of listed) if (object.refused === undefined) (await source.open(object)).destroy()
})

test('folder: a drop of several files waits while one of them is a link', async (context) => {
  const project = await projectFolder(context)
  const { deliver } = openFolder(project)
  for (const key of ['january/a.csv', 'january/_SUCCESS', 'february/a.csv']) await deliver(key, 'a\n1\n')
  const weeks = join(project, 'drops', 'weeks')
  await symlink(join(weeks, 'january', 'a.csv'), join(weeks, 'january', 'b.csv'))
  const waits = async (complete: '_SUCCESS' | 'manifest'): Promise<string> => String((await folderSource(project, { path: 'drops/weeks', complete }).list(look)).find(({ key }) => key === 'january')?.waitsFor)
  assert.match(await waits('_SUCCESS'), /^a file in place of january\/b\.csv.* it is a link$/)
  await deliver('january/manifest.json', '["a.csv", "b.csv"]')
  assert.match(await waits('manifest'), /^a file in place of b\.csv.* it is a link$/)
})

test('folder: a file that is replaced at the very moment it was opened is read as it was', async (context) => {
  const project = await projectFolder(context)
  const { source, deliver } = openFolder(project)
  await deliver('week.csv', 'a\n1\n')
  await writeFile(join(project, 'next.csv'), 'a\n2\n')
  const [week] = await source.list(look)
  assert.ok(week !== undefined)
  const content = await source.open(week)
  renameSync(join(project, 'next.csv'), join(project, 'drops', 'weeks', 'week.csv'))
  assert.equal(await text(content), 'a\n1\n')
})

test('folder: an absolute path is taken as it is, and a folder that is not there, or is a file, is no silence', async (context) => {
  const project = await projectFolder(context)
  const { deliver } = openFolder(project)
  await deliver('week.csv', 'a\n1\n')
  const absolute = folderSource('/', { path: join(project, 'drops', 'weeks') })
  assert.deepEqual((await absolute.list(look)).map(({ key }) => key), ['week.csv'])
  await assert.rejects(folderSource(project, { path: 'drops/weeks/week.csv' }).list(look), { code: 'source-unreadable' })
  await assert.rejects(folderSource(project, { path: 'drops/years' }).list(look), { code: 'source-unreadable' })
})

test('folder: something that arrives while it is watched gives a hint', async (context) => {
  const { source, deliver } = openFolder(await projectFolder(context))
  let hint = (): void => undefined
  const hinted = new Promise<void>((resolve) => {
    hint = resolve
  })
  const stop = await source.watch(() => hint())
  context.after(stop)
  await deliver('week.csv', 'a\n1\n')
  await hinted
})

test('folder: something that arrives in a subfolder which has been listed gives a hint', async (context) => {
  const { source, deliver } = openFolder(await projectFolder(context))
  let hint = (): void => undefined
  const stop = await source.watch(() => hint())
  context.after(stop)
  await deliver('2026/week-05.csv', 'a\n1\n')
  await source.list(look)
  const hinted = new Promise<void>((resolve) => {
    hint = resolve
  })
  await deliver('2026/week-06.csv', 'a\n1\n')
  await hinted
})

test('upload: lists nothing and opens nothing, for what is uploaded is recorded already', async () => {
  assert.deepEqual(await uploadSource.list(look), [])
  await assert.rejects(uploadSource.open({ key: 'week.csv', version: '1', bytes: 1 }), gone)
  const stop = await uploadSource.watch(() => assert.fail('nothing can arrive here'))
  await stop()
})

async function projectFolder(context: TestContext): Promise<string> {
  const project = await mkdtemp(join(tmpdir(), 'refit-source-'))
  context.after(() => rm(project, { recursive: true, force: true }))
  await mkdir(join(project, 'drops', 'weeks'), { recursive: true })
  return project
}

function openFolder(project: string, options: FolderOptions = {}): SourceUnderTest {
  const root = join(project, 'drops', 'weeks')
  const reopen = (): SourceUnderTest['source'] => folderSource(project, folder('drops/weeks', options).options)
  return {
    source: reopen(),
    reopen,
    deliver: async (key, content) => {
      const file = join(root, ...key.split('/'))
      await mkdir(dirname(file), { recursive: true })
      await writeFile(join(project, 'incoming'), content)
      await rename(join(project, 'incoming'), file)
    },
    withdraw: (key) => rm(join(root, ...key.split('/'))),
  }
}
