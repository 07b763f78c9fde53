import assert from 'node:assert/strict'
import { appendFile, copyFile, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import type { Drop } from '../../src/drops/drop.js'
import { waitingDrops } from '../../src/drops/queries.js'
import { RefitError, refitError } from '../../src/errors.js'
import { filesystemObjects } from '../../src/objects/filesystem/adapter.js'
import { readEvents } from '../../src/runs/event.js'
import { claimRun, commitStage, endRun, openAttempt, type RunClaim } from '../../src/runs/execution.js'
import { listRuns } from '../../src/runs/queries.js'
import { requestCancel } from '../../src/runs/requests.js'
import type { RunOutcome } from '../../src/database/schema.js'
import { folderSource } from '../../src/sources/folder/adapter.js'
import type { FolderOptions } from '../../src/sources/folder/definition.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'
import { recordListed } from '../../src/triggers/arrival.js'
import { registerModels } from '../../src/registry/models.js'
import type { StoredProject } from '../../src/define/stored-definition.js'
import { modelNamed, projectOf } from '../support/stored-models.js'
import { settableClock } from '../support/settable-clock.js'
import { TELL_AFTER_MS } from '../../src/triggers/waiting-list.js'
import { SETTLE_MS, watchFolder, type WatchedFolder } from './watched-folder.js'

let running: RunningDatabase
before(async () => {
  running = await startDatabase()
})
after(() => running.stop())

const clock = settableClock('2026-06-01T08:00:00Z')

/** The triggers over a folder of the test's own, ended with the test. */
async function watched(t: TestContext, model: string, options: FolderOptions = {}): Promise<WatchedFolder> {
  const folder = await watchFolder(running, clock, model, options)
  t.after(() => folder.stop())
  return folder
}

const keys = (drops: readonly Drop[]): readonly string[] => drops.map((drop) => drop.key)

async function openRun(model: string): Promise<RunClaim> {
  const [newest] = await listRuns(running.database, { model, limit: 1 })
  const claim = newest === undefined ? undefined : await claimRun(running.database, clock, newest.id)
  assert.ok(claim)
  return claim
}

/** Finishes the ingest of a run: it takes the drops that are there. */
async function ingest(claim: RunClaim): Promise<void> {
  const attempt = await openAttempt(running.database, clock, claim, 'ingest')
  await commitStage(running.database, clock, claim, { name: 'ingest', position: 1, attempt, startedAt: clock.now() }, async (transaction) => {
    await transaction.updateTable('drops').set({ state: 'ingested', run: claim.run.id }).where('model', '=', claim.run.model).where('state', '=', 'recorded').execute()
    return {}
  })
}

async function end(claim: RunClaim, outcome: RunOutcome): Promise<void> {
  await endRun(running.database, clock, claim, { outcome, explanation: 'Ended by the test.' })
}

/** States of a model's runs, the oldest first. */
async function runStates(model: string): Promise<readonly string[]> {
  return (await listRuns(running.database, { model, limit: 100 })).toReversed().map((run) => run.outcome ?? run.state)
}

async function sourceEvents(model: string): Promise<readonly string[]> {
  const events = await readEvents(running.database, { model, limit: 1000 })
  return events.map(({ kind }) => kind).filter((kind) => kind.startsWith('source.'))
}

test('a file that is still being written is not taken until it has settled', async (t) => {
  const folder = await watched(t, 'growing')
  const file = join(folder.path, 'week-01.csv')
  await writeFile(file, 'id,price\n')
  for (let row = 1; row <= 3; row += 1) {
    await folder.look()
    clock.advance(SETTLE_MS - 1)
    await folder.look()
    await appendFile(file, `${row},100\n`)
  }
  assert.deepEqual(await folder.drops(), [])
  assert.deepEqual(folder.opened, [])
  await folder.settle()
  const [drop, ...others] = await folder.drops()
  assert.deepEqual(others, [])
  assert.equal(drop?.bytes, 'id,price\n1,100\n2,100\n3,100\n'.length)
  assert.deepEqual(await runStates('growing'), ['waiting'])
})

test('files are recorded in the order of their keys, and temporary ones not at all', async (t) => {
  const folder = await watched(t, 'ordered')
  const weeks = ['week-03.csv', 'week-12.csv', 'week-01.csv', 'week-02.csv', 'week-10.csv', 'week-11.csv', 'week-04.csv', 'week-05.csv', 'week-06.csv', 'week-07.csv', 'week-08.csv', 'week-09.csv']
  for (const week of [...weeks, 'week-13.csv.part', '.week-14.csv', '~week-15.csv']) await writeFile(join(folder.path, week), `${week}\n`)
  await folder.settle()
  assert.deepEqual(keys(await folder.drops()), weeks.toSorted())
  // The twelve have one time by this clock: what an ingest takes them by is their number.
  assert.deepEqual(keys(await waitingDrops(running.database, 'ordered')), weeks.toSorted())
})

test('a file that may not be read keeps none back that come after it, and is told', async (t) => {
  const folder = await watched(t, 'guarded')
  for (const week of ['week-01.csv', 'week-02.csv', 'week-03.csv']) await writeFile(join(folder.path, week), `${week}\n`)
  const source = folderSource(running.folder, { path: 'drops/guarded' })
  // Root may read everything, so it is the source that says it.
  const open: typeof source.open = (object) =>
    object.key === 'week-02.csv' ? Promise.reject(refitError('source-unreadable', { source: source.name, reason: 'EACCES' })) : source.open(object)
  const objects = filesystemObjects(join(running.folder, '.refit', 'objects'))
  const { recorded, unreadable } = await recordListed(running.database, objects, clock, 'guarded', { ...source, open }, await source.list({ signal: new AbortController().signal, watermark: undefined }))
  assert.deepEqual([recorded, [...unreadable.keys()]], [['week-01.csv', 'week-03.csv'], ['week-02.csv']])
  assert.deepEqual(keys(await folder.drops()), ['week-01.csv', 'week-03.csv'])
})

test('a file that is announced again, or touched, is recorded once and read once more at most', async (t) => {
  const folder = await watched(t, 'touched')
  const file = join(folder.path, 'week-01.csv')
  await writeFile(file, 'id,price\n1,100\n')
  await folder.settle()
  await folder.settle()
  assert.deepEqual(folder.opened, ['week-01.csv'])
  await utimes(file, new Date('2026-01-01T00:00:00Z'), new Date('2026-01-01T00:00:00Z'))
  await folder.settle()
  await folder.settle()
  await folder.settle()
  assert.deepEqual(folder.opened, ['week-01.csv', 'week-01.csv'])
  assert.deepEqual(keys(await folder.drops()), ['week-01.csv'])
  assert.deepEqual(await runStates('touched'), ['waiting'])
})

test('a file rewritten under its name is a new drop, also when it returns to what it was before', async (t) => {
  const folder = await watched(t, 'rewritten')
  const file = join(folder.path, 'week-01.csv')
  const former = join(running.folder, 'former.csv')
  await writeFile(file, 'id,price\n1,100\n')
  await folder.settle()
  await copyFile(file, former)
  const times = new Date('2026-05-01T00:00:00Z')
  await writeFile(file, 'id,price\n1,111\n')
  await utimes(file, times, times)
  await folder.settle()
  await rename(former, file)
  await utimes(file, times, times)
  await folder.settle()
  const [first, second, third] = await folder.drops()
  assert.deepEqual(keys(await folder.drops()), ['week-01.csv', 'week-01.csv', 'week-01.csv'])
  assert.notEqual(first?.sha256, second?.sha256)
  assert.equal(first?.sha256, third?.sha256)
})

test('a file that is written while it is read is no drop', async (t) => {
  const folder = await watched(t, 'torn')
  const file = join(folder.path, 'week-01.csv')
  await writeFile(file, 'id,price\n1,100\n')
  const source = folderSource(running.folder, { path: 'drops/torn' })
  const [listed] = await source.list({ signal: new AbortController().signal, watermark: undefined })
  assert.ok(listed)
  const content = await source.open(listed)
  await appendFile(file, '2,100\n')
  await assert.rejects(content.toArray(), (error) => error instanceof RefitError && error.code === 'source-object-gone')
  await assert.rejects(source.open(listed), (error) => error instanceof RefitError && error.code === 'source-object-gone')
})

test('ten drops recorded during an active run make exactly one more run, which waits', async (t) => {
  const folder = await watched(t, 'ten-more')
  await writeFile(join(folder.path, 'week-00.csv'), 'id,price\n0,100\n')
  await folder.settle()
  const active = await openRun('ten-more')
  await ingest(active)
  for (let week = 1; week <= 10; week += 1) {
    await writeFile(join(folder.path, `week-${week}.csv`), `id,price\n${week},100\n`)
    await folder.settle()
  }
  assert.equal((await folder.drops()).length, 11)
  assert.deepEqual(await runStates('ten-more'), ['active', 'waiting'])
  await end(active, 'rejected')
  await ingest(await openRun('ten-more'))
  await folder.look()
  assert.deepEqual(await runStates('ten-more'), ['rejected', 'active'])
})

test('a run that has yet to finish its ingest makes no further run necessary; what it left behind does', async (t) => {
  const folder = await watched(t, 'left-behind')
  await writeFile(join(folder.path, 'week-01.csv'), 'id,price\n1,100\n')
  await folder.settle()
  const active = await openRun('left-behind')
  await writeFile(join(folder.path, 'week-02.csv'), 'id,price\n2,100\n')
  await folder.settle()
  assert.deepEqual(await runStates('left-behind'), ['active'])
  await ingest(active)
  await running.database.updateTable('drops').set({ state: 'recorded' }).where('model', '=', 'left-behind').where('key', '=', 'week-02.csv').execute()
  await folder.look()
  assert.deepEqual(await runStates('left-behind'), ['active', 'waiting'])
})

test('a run that failed or was cancelled before it took its drops is not repeated for the same ones', async (t) => {
  const folder = await watched(t, 'given-up')
  await writeFile(join(folder.path, 'week-01.csv'), 'id,price\n1,100\n')
  await folder.settle()
  clock.advance(1000)
  await end(await openRun('given-up'), 'failed')
  await folder.look()
  await folder.look()
  assert.deepEqual(await runStates('given-up'), ['failed'])
  await writeFile(join(folder.path, 'week-02.csv'), 'id,price\n2,100\n')
  await folder.settle()
  assert.deepEqual(await runStates('given-up'), ['failed', 'waiting'])
  clock.advance(1000)
  await requestCancel(running.database, clock, 'given-up-2', 'tester')
  await folder.look()
  assert.deepEqual(await runStates('given-up'), ['failed', 'cancelled'])
  await writeFile(join(folder.path, 'week-03.csv'), 'id,price\n3,100\n')
  await folder.settle()
  await ingest(await openRun('given-up'))
  assert.deepEqual((await folder.drops()).map((drop) => drop.state), ['ingested', 'ingested', 'ingested'])
})

test('a source folder that vanishes is told once, and once when it is back; nothing is lost', async (t) => {
  const folder = await watched(t, 'vanishing')
  await writeFile(join(folder.path, 'week-01.csv'), 'id,price\n1,100\n')
  await folder.settle()
  const away = `${folder.path}-away`
  await rename(folder.path, away)
  for (let looks = 0; looks < 3; looks += 1) await folder.look()
  assert.deepEqual(await sourceEvents('vanishing'), ['source.failed'])
  assert.match(folder.logged.join('\n'), /The source folder:drops\/vanishing cannot be read/)
  await writeFile(join(away, 'week-02.csv'), 'id,price\n2,100\n')
  await rename(away, folder.path)
  await folder.settle()
  await folder.settle()
  assert.deepEqual(await sourceEvents('vanishing'), ['source.failed', 'source.recovered'])
  assert.deepEqual(keys(await folder.drops()), ['week-01.csv', 'week-02.csv'])
  await rm(folder.path, { recursive: true })
  await folder.look()
  assert.deepEqual(await sourceEvents('vanishing'), ['source.failed', 'source.recovered', 'source.failed'])
})

test('a source that failed before a restart is told to be well after it', async (t) => {
  const before = await watched(t, 'failing-over-restarts')
  await before.look()
  await rm(before.path, { recursive: true })
  await before.look()
  await before.stop()
  assert.deepEqual(await sourceEvents('failing-over-restarts'), ['source.failed'])
  const after = await watched(t, 'failing-over-restarts')
  await after.look()
  await after.look()
  assert.deepEqual(await sourceEvents('failing-over-restarts'), ['source.failed', 'source.recovered'])
})

test('a model that is taken out of the project is watched no more, and again when it is back', async (t) => {
  const folder = await watched(t, 'taken-out')
  await folder.look()
  assert.equal(folder.watches(), 1)
  const defined = (model: string): StoredProject => projectOf(modelNamed(model, { source: { kind: 'folder', options: { path: `drops/${model}` } } }))
  await registerModels(running.database, clock, defined('in-its-place'), 'test')
  await writeFile(join(folder.path, 'week-01.csv'), 'id,price\n1,100\n')
  await folder.settle()
  assert.equal(folder.watches(), 1, 'only the folder of the other model is watched')
  assert.deepEqual(await folder.drops(), [])
  await registerModels(running.database, clock, defined('taken-out'), 'test')
  await folder.settle()
  assert.equal(folder.watches(), 1)
  assert.deepEqual(keys(await folder.drops()), ['week-01.csv'])
})

test('files are one drop when their _SUCCESS has come, and another one when it comes again', async (t) => {
  const folder = await watched(t, 'in-folders', { complete: '_SUCCESS' })
  await mkdir(join(folder.path, 'week-01', 'colour=red'), { recursive: true })
  await writeFile(join(folder.path, 'week-01', 'colour=red', 'b.csv'), 'id,price\n1,100\n')
  await writeFile(join(folder.path, 'week-01', 'a.csv'), 'id,price\n2,200\n')
  await folder.settle()
  assert.deepEqual(await folder.drops(), [])
  await writeFile(join(folder.path, 'week-01', '_SUCCESS'), '')
  await folder.settle()
  await writeFile(join(folder.path, 'week-01', 'a.csv'), 'id,price\n2,222\n')
  await folder.settle()
  const [drop, ...others] = await folder.drops()
  assert.deepEqual(others, [])
  assert.deepEqual([drop?.key, drop?.bytes, drop?.files?.map(({ key }) => key)], ['week-01', 30, ['a.csv', 'colour=red/b.csv']])
  await writeFile(join(folder.path, 'week-01', '_SUCCESS'), '')
  await folder.settle()
  assert.deepEqual(keys(await folder.drops()), ['week-01', 'week-01'])
  assert.deepEqual(await runStates('in-folders'), ['waiting'])
})

test('what can never be taken is told once, and keeps back nothing else', async (t) => {
  const folder = await watched(t, 'refusing')
  // All at once: a look that comes in between would tell of each by itself.
  const batch = `${folder.path}-batch`
  await mkdir(batch)
  await writeFile(join(batch, 'week-01.csv'), 'id,price\n1,100\n')
  await symlink(join(batch, 'week-01.csv'), join(batch, 'latest.csv'))
  await writeFile(Buffer.concat([Buffer.from(`${batch}/`), Buffer.from('M\xe4rz.csv', 'latin1')]), 'id,price\n1,100\n')
  await rename(batch, join(folder.path, 'batch'))
  for (let times = 0; times < 3; times += 1) await folder.settle()
  assert.deepEqual(keys(await folder.drops()), ['batch/week-01.csv'])
  assert.deepEqual(await sourceEvents('refusing'), ['source.refused'])
  assert.equal(folder.logged.filter((line) => / is not taken, for .*; nor are 1 more$/.test(line)).length, 1, folder.logged.join('\n'))
  await symlink(join(folder.path, 'batch', 'week-01.csv'), join(folder.path, 'newest.csv'))
  await folder.look()
  await folder.look()
  const [, second] = (await readEvents(running.database, { model: 'refusing', limit: 1000 })).filter(({ kind }) => kind === 'source.refused')
  assert.deepEqual([second?.data['key'], second?.data['message'], second?.data['count']], ['newest.csv', 'it is a link', 1])
})

test('what is not complete for long is told, once for each thing that it waits for', async (t) => {
  const folder = await watched(t, 'incomplete', { complete: 'manifest' })
  const told = async (): Promise<readonly unknown[]> =>
    (await readEvents(running.database, { model: 'incomplete', limit: 1000 })).flatMap(({ kind, data }) => (kind === 'source.waiting' ? [`${String(data['key'])}: ${String(data['waitsFor'])}`] : []))
  await mkdir(join(folder.path, 'week-01'))
  await writeFile(join(folder.path, 'week-01', 'manifest.json'), '["a.csv", "b.csv"]')
  await folder.look()
  assert.deepEqual(await told(), [])
  for (let looks = 0; looks < 3; looks += 1) {
    clock.advance(TELL_AFTER_MS)
    await folder.look()
  }
  assert.deepEqual(await told(), ['week-01: a.csv, and 1 more'])
  await writeFile(join(folder.path, 'week-01', 'a.csv'), 'id,price\n1,100\n')
  await folder.look()
  assert.deepEqual(await told(), ['week-01: a.csv, and 1 more', 'week-01: b.csv'])
  await writeFile(join(folder.path, 'week-01', 'b.csv'), 'id,price\n2,100\n')
  await folder.settle()
  assert.deepEqual(keys(await folder.drops()), ['week-01'])
})
