import assert from 'node:assert/strict'
import { mkdir, mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { systemClock as clock } from '../../src/clock.js'
import { readDrops } from '../../src/data/read-drops.js'
import type { StoredModel } from '../../src/define/stored-definition.js'
import { acceptContract, type Acceptance } from '../../src/drops/accept-contract.js'
import { columnsUnder, newestContract, saveContract } from '../../src/drops/contracts.js'
import type { Drop } from '../../src/drops/drop.js'
import { faultsUnder } from '../../src/drops/faults-under.js'
import { judgeBeside } from '../../src/drops/judge.js'
import { acceptedDrops } from '../../src/drops/profiles.js'
import { getDrop, ingestedDrops, waitingDrops } from '../../src/drops/queries.js'
import { recordDrop, recordDropOfFiles } from '../../src/drops/record.js'
import { decideDrops, settleDrops } from '../../src/drops/settle.js'
import { filesystemObjects } from '../../src/objects/filesystem/adapter.js'
import type { ObjectStore } from '../../src/objects/object-store.js'
import { RefitError } from '../../src/errors.js'
import { registerModels } from '../../src/registry/models.js'
import { startedRun } from '../api/seeded-runs.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'
import { modelNamed, projectOf } from '../support/stored-models.js'

let running: RunningDatabase
let objects: ObjectStore
before(async () => {
  running = await startDatabase()
  objects = filesystemObjects(join(running.folder, '.refit', 'objects'))
})
after(() => running.stop())

const signal = new AbortController().signal
const columns: StoredModel['columns'] = {
  id: { type: 'text', role: 'key', optional: false },
  price: { type: 'number', role: 'target', optional: false, min: 1 },
  distance: { type: 'number', role: 'feature', optional: false, min: 0 },
}

let models = 0
async function register(differences: Partial<StoredModel> = {}): Promise<StoredModel> {
  models += 1
  const definition = modelNamed(`accepting-${models}`, { columns, ...differences })
  await registerModels(running.database, clock, projectOf(definition), 'test')
  return definition
}

const arrival = (model: string, key: string) => ({ model, source: 'upload', key, sourceVersion: undefined, actor: 'tester' })

/** Records a drop and does with it what a run would. */
async function deliver(definition: StoredModel, key: string, content: string | Readonly<Record<string, string>>): Promise<Drop> {
  const { database } = running
  const { name: model } = definition
  const { drop } =
    typeof content === 'string'
      ? await recordDrop(database, objects, clock, arrival(model, key), Readable.from([content]))
      : await recordDropOfFiles(database, objects, clock, arrival(model, key), Object.entries(content).map(([name, text]) => ({ key: name, open: () => Promise.resolve(Readable.from([text])), declaredSha256: undefined })))
  await takeWaiting(definition)
  return getDrop(database, drop.id)
}

async function takeWaiting(definition: StoredModel): Promise<void> {
  const { database, folder } = running
  const { name: model } = definition
  const agreed = { ...definition, columns: columnsUnder(definition, await newestContract(database, model)) }
  const waiting = await waitingDrops(database, model)
  const workingFolder = await mkdtemp(join(folder, 'reading-'))
  const outputFolder = join(workingFolder, 'parts')
  await mkdir(outputFolder)
  const drops = await Promise.all(
    waiting.map(async ({ id, key, object, released, files }) => ({
      id,
      key,
      path: await objects.localPath(object),
      released,
      ...(files === undefined ? {} : { files: await Promise.all(files.map(async (file) => ({ key: file.key, path: await objects.localPath(file.object) }))) }),
    })),
  )
  const readings = await readDrops({ drops, columns: agreed.columns, format: definition.format, memoryBytes: 1e9, token: `test/${workingFolder}`, workingFolder, outputFolder }, signal)
  const decisions = decideDrops(waiting, await ingestedDrops(database, model), readings, 'append', judgeBeside(await acceptedDrops(database, model, undefined), agreed))
  const { run } = await startedRun(database, model)
  await database.transaction().execute((transaction) => settleDrops(transaction, clock, run.id, decisions))
  await database.updateTable('runs').set({ state: 'ended', ended_at: clock.now(), outcome: 'unchanged' }).where('id', '=', run.id).execute()
}

const accept = (definition: StoredModel, drop: Drop, preview = false): Promise<Acceptance> =>
  acceptContract({ database: running.database, objects, clock }, definition, { drop: drop.id, actor: 'cli:ada', reason: 'as the carrier says', preview }, signal)
const words = ({ amendments }: Acceptance): readonly string[] => amendments.map(({ column, words }) => `${column} ${words}`)
const codes = (faults: readonly { readonly code: string; readonly column?: string | undefined }[] = []): readonly string[] => faults.map(({ code, column }) => [code, column].join(' '))
const unacceptable = (error: unknown): boolean => error instanceof RefitError && error.code === 'contract-unacceptable'

/** Rows as they usually are; each drop has its own. */
const csv = (drop: number, { factor = 1, distance = (row: number): string => String(row), more = '' } = {}): string =>
  [`id,price,distance${more === '' ? '' : ',colour'}`, ...Array.from({ length: 40 }, (_, row) => [`${drop}-${row}`, String(factor * (100 + ((row * 7 + drop) % 40))), distance(row), ...(more === '' ? [] : [more])].join(','))].join('\n')

test('what a drop is refused for hides nothing: what is still wrong under the new contract is told, and keeps it out', async () => {
  const definition = await register()
  for (let week = 1; week <= 6; week += 1) assert.equal((await deliver(definition, `week-${week}.csv`, csv(week))).state, 'ingested')
  const refused = await deliver(definition, 'week-7.csv', csv(7, { factor: 10, more: 'red', distance: (row) => (row === 3 ? '-5' : String(row)) }))
  assert.deepEqual(codes(refused.reason.faults), ['unexpected-column colour'])

  const preview = await accept(definition, refused, true)
  assert.deepEqual(words(preview), ['colour is ignored'])
  const rest = ['out-of-range distance', 'implausible-values price']
  assert.deepEqual(codes(preview.remaining).filter((code) => rest.includes(code)), rest, codes(preview.remaining).join(', '))
  assert.equal(await newestContract(running.database, definition.name), undefined, 'it was only looked at')

  assert.deepEqual((await accept(definition, refused)).remaining, preview.remaining)
  const shown = await getDrop(running.database, refused.id)
  assert.deepEqual([shown.state, shown.released, shown.reason.faults], ['quarantined', false, preview.remaining])

  const again = await accept(definition, shown)
  assert.deepEqual(words(again), ['distance may have a wider range'])
  assert.ok(codes(again.remaining).includes('implausible-values price'))
  await assert.rejects(accept(definition, await getDrop(running.database, refused.id)), unacceptable)
  await takeWaiting(definition)
  assert.equal((await getDrop(running.database, refused.id)).state, 'quarantined')
  assert.deepEqual(codes((await deliver(definition, 'week-8.csv', csv(8, { factor: 10 }))).reason.faults).includes('implausible-values price'), true, 'nobody has said that such prices are right')
})

test('a drop in which nothing else is wrong is read again by the next run, under the contract that was accepted', async () => {
  const definition = await register()
  const refused = await deliver(definition, 'week-1.csv', csv(1, { more: 'red' }))
  assert.deepEqual((await accept(definition, refused)).remaining, [])
  const waiting = await getDrop(running.database, refused.id)
  assert.deepEqual([waiting.state, waiting.released], ['recorded', false])
  await takeWaiting(definition)
  assert.equal((await getDrop(running.database, refused.id)).state, 'ingested')
})

test('values that must be unique may repeat where someone accepts that', async () => {
  const definition = await register({ columns: { ...columns, distance: { type: 'number', role: 'feature', optional: false, unique: true } } })
  const refused = await deliver(definition, 'week-1.csv', csv(1, { distance: (row) => String(row % 5) }))
  assert.deepEqual(codes(refused.reason.faults), ['not-unique distance'])
  const accepted = await accept(definition, refused)
  assert.deepEqual([words(accepted), accepted.remaining], [['distance may repeat'], []])
})

test('files are looked at as the definition declares them, and all files of a drop', async () => {
  const bare = await register({ format: { header: false, delimiter: '^', columns: ['id', 'price', 'distance'] } })
  const lines = (distance: string): string => Array.from({ length: 9 }, (_, row) => `${row}^${100 + row}^${row === 4 ? distance : row}`).join('\n')
  const first = await deliver(bare, 'week-1.txt', lines('-7'))
  assert.deepEqual(codes(first.reason.faults), ['out-of-range distance'])
  assert.deepEqual((await accept(bare, first)).amendments[0]?.becomes.min, -7)

  const definition = await register()
  const refused = await deliver(definition, 'week-1', { 'a.csv': csv(1), 'b.csv': csv(2, { distance: (row) => String(row - 12) }) })
  assert.deepEqual(codes(refused.reason.faults), ['out-of-range distance'])
  const accepted = await accept(definition, refused)
  assert.deepEqual([accepted.amendments[0]?.becomes.min, accepted.remaining], [-12, []])
})

test('what was accepted holds on when other columns are inferred, and what is inferred when another form is accepted', async () => {
  const definition = await register({ contract: { rows: {}, plausibility: { level: 'off', columns: {} }, otherColumns: 'infer' } })
  const { database } = running
  const refused = await deliver(definition, 'week-1.csv', csv(1, { distance: (row) => (row === 3 ? '-5' : String(row)) }))
  await accept(definition, refused)
  const held = async (): Promise<unknown> => {
    const now = columnsUnder(definition, await newestContract(database, definition.name))
    return [now['distance']?.min, now['rooms']?.type, now['colour']?.role]
  }
  assert.deepEqual(await held(), [-5, undefined, undefined])
  const rooms = { type: 'number', role: 'feature', optional: false } as const
  await database.transaction().execute((transaction) => saveContract(transaction, clock.now(), definition, { origin: 'inferred', columns: { rooms, distance: { ...rooms, min: 0 } }, drop: refused.id, actor: 'refit' }))
  assert.deepEqual(await held(), [-5, 'number', undefined])
  const colour = { type: 'text', role: 'ignored', optional: true } as const
  await database.transaction().execute((transaction) => saveContract(transaction, clock.now(), definition, { origin: 'accepted', columns: { colour }, drop: refused.id, actor: 'cli:ada', reason: 'new' }))
  assert.deepEqual(await held(), [-5, 'number', 'ignored'])
})

test('everything that is wrong with a drop is found at once where an ingest would stop at the first kind', async () => {
  const definition = await register({ contract: { rows: { max: 10 }, plausibility: { level: 'standard', columns: {} } } })
  const refused = await deliver(definition, 'week-1.csv', csv(1, { distance: () => '-1' }))
  assert.deepEqual(codes(refused.reason.faults), ['out-of-range distance'])
  assert.deepEqual(codes(await faultsUnder({ database: running.database, objects }, refused, definition, signal)), ['out-of-range distance', 'too-many-rows '])
})
