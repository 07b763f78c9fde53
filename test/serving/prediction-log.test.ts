import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { systemClock } from '../../src/clock.js'
import { filesystemObjects } from '../../src/objects/filesystem/adapter.js'
import { keepFeedback } from '../../src/prediction-log/feedback.js'
import { beginUpload } from '../../src/prediction-log/files.js'
import { removeOld, removeUnnamed, startPredictionLog } from '../../src/prediction-log/keep.js'
import { readAnswer, readJoined, type JoinedRow } from '../../src/prediction-log/read.js'
import { shipSpooled, type ShipRooms } from '../../src/prediction-log/ship.js'
import { readPredictionId, type PredictionFacts } from '../../src/predictions/prediction-id.js'
import { closedFiles } from '../../src/predictions/spool.js'
import { endServing, ensureServing } from '../../src/roles/serving-process.js'
import { readProcessNote, spoolFolderOf } from '../../src/roles/state.js'
import { predict, send, startEndpoint, until, untilLive, type Answer, type Endpoint, type EndpointSettings } from './endpoint.js'
import { startPlatform, times, type Platform } from './platform.js'

const predictionKey = randomBytes(32).toString('hex')
const key = Buffer.from(predictionKey, 'hex')
const everything = { predictionKey, logs: { 'house-price': { share: 1 } } } satisfies EndpointSettings
const json = { 'content-type': 'application/json' }
const never = new AbortController().signal

let platform: Platform
let rooms: ShipRooms
before(async () => {
  platform = await startPlatform('house-price', 'unlogged')
  await platform.publish('house-price', times(2))
  await platform.publish('unlogged', times(3))
  const { stateFolder, database } = platform
  const log = { warn: (message: string): void => void warnings.push(message) }
  rooms = { database, objects: filesystemObjects(join(stateFolder, 'objects')), clock: systemClock, spoolFolder: spoolFolderOf(stateFolder), token: `test/${process.pid}/predictions`, log }
})
after(() => platform.stop())

const warnings: string[] = []

async function open(settings: EndpointSettings): Promise<Endpoint> {
  const endpoint = await startEndpoint(platform, settings)
  for (const model of ['house-price', 'unlogged']) await untilLive(endpoint.url, model, 1)
  return endpoint
}

function factsOf({ headers }: Answer): PredictionFacts {
  const facts = readPredictionId(key, String(headers['refit-prediction-id']))
  assert.ok(facts !== undefined, `no id in ${JSON.stringify(headers)}`)
  return facts
}

/** Every row that is in the log, the oldest first, read in pages of some size. */
async function logged(limit = 1000): Promise<readonly JoinedRow[]> {
  const found: JoinedRow[] = []
  let place: string | undefined
  do {
    const page = await readJoined(rooms.database, rooms.objects, { model: 'house-price', before: place, limit }, never)
    found.push(...page.rows)
    place = page.before
  } while (place !== undefined)
  return found.toReversed()
}

async function untilLogged(url: string, rows: number): Promise<void> {
  await until('they are written', async () => (await send(`${url}/metrics`)).body.includes(`refit_logged_rows_total{model="house-price"} ${rows}\n`))
}

/** A row without the time of its answer, which is one. */
function timeless({ at, ...rest }: JoinedRow): Omit<JoinedRow, 'at'> {
  assert.ok(Number.isFinite(Date.parse(at)), at)
  return rest
}

test('an answer has an id in every protocol, and the bodies of others are as they were', async () => {
  const row = { rooms: 3, district: null, garden: null }
  const tensors = { inputs: [{ name: 'rooms', datatype: 'FP64', shape: [1], data: [3] }] }
  const asked: readonly (readonly [path: string, body: object])[] = [
    ['/models/house-price/invocations', { dataframe_records: [row] }],
    ['/endpoints/house-price/invocations', { instances: [{ features: [3, 'a', true] }] }],
    ['/v1/models/house-price:predict', { instances: [row] }],
    ['/v2/models/house-price/infer', tensors],
  ]
  const without = await open({})
  const former = new Map<string, Answer>()
  try {
    for (const [path, body] of asked) former.set(path, await send(`${without.url}${path}`, { method: 'POST', headers: json, body: JSON.stringify(body) }))
  } finally {
    await without.stop()
  }
  const endpoint = await open({ predictionKey })
  try {
    for (const [path, body] of asked) {
      const answer = await send(`${endpoint.url}${path}`, { method: 'POST', headers: json, body: JSON.stringify(body) })
      assert.deepEqual([answer.status, answer.body, answer.headers['content-type']], [200, former.get(path)?.body, former.get(path)?.headers['content-type']], path)
      const { model, version, generation, side, rows, sampled } = factsOf(answer)
      assert.deepEqual({ model, version, generation, side, rows, sampled }, { model: 'house-price', version: 1, generation: 1, side: 'champion', rows: 1, sampled: false }, path)
    }
    const own = await predict(endpoint.url, 'house-price', [{ rooms: 3 }])
    assert.deepEqual(own.json, { model: 'house-price', version: 1, id: own.headers['refit-prediction-id'], predictions: [6] })
    assert.equal((await predict(endpoint.url, 'house-price', [{ rooms: 'x' }])).headers['refit-prediction-id'], undefined)
  } finally {
    await endpoint.stop()
  }
})

test('what is answered until a drain is in the log, beside the truth by id and by key', async () => {
  const endpoint = await open(everything)
  const url = `${endpoint.url}/models/house-price/predict`
  const body = { rows: [{ rooms: 1 }, { rooms: 2, district: 'harbour', garden: true }], keys: ['house 1', 'house 2'] }
  const first = await send(url, { method: 'POST', headers: json, body: JSON.stringify(body) })
  // Rows stand in the order of their times, which are of milliseconds.
  await until('the clock goes on', () => Date.now() > factsOf(first).at.getTime())
  const second = await predict(endpoint.url, 'house-price', [{ rooms: 5 }])
  assert.deepEqual([first.status, second.status, factsOf(first).sampled], [200, 200, true])
  assert.equal((await send(url, { method: 'POST', headers: json, body: JSON.stringify({ ...body, keys: ['one'] }) })).status, 400)
  await predict(endpoint.url, 'unlogged', [{ rooms: 5 }])
  await endpoint.stop()
  await shipSpooled(rooms, never)
  assert.deepEqual(await closedFiles(rooms.spoolFolder), [])

  const id = String(first.headers['refit-prediction-id'])
  const other = String(second.headers['refit-prediction-id'])
  const { database } = rooms
  const by = { model: 'house-price', actor: 'test', at: new Date() }
  const truth = { kind: 'prediction', subject: id, row: 1, truth: '4.5' } as const
  await keepFeedback(database, by, [truth, { kind: 'key', subject: 'house 1', row: 0, truth: '1.5' }, { kind: 'key', subject: 'house 2', row: 0, truth: '9' }])
  const kept = (await database.selectFrom('prediction_feedback').selectAll().orderBy('kind').orderBy('subject').execute()).length
  await keepFeedback(database, by, [truth, truth])
  assert.deepEqual([kept, (await database.selectFrom('prediction_feedback').selectAll().execute()).length], [3, 3])

  const said = (await logged(1)).map(timeless)
  const common = { version: 1, side: 'champion' as const }
  assert.deepEqual(said, [
    { ...common, prediction: id, row: 0, key: 'house 1', values: { rooms: 1, district: null, garden: null }, predicted: 2, truth: 1.5 },
    // Its own truth comes before that of its key.
    { ...common, prediction: id, row: 1, key: 'house 2', values: { rooms: 2, district: 'harbour', garden: true }, predicted: 4, truth: 4.5 },
    { ...common, prediction: other, row: 0, values: { rooms: 5, district: null, garden: null }, predicted: 10 },
  ])
  assert.deepEqual((await logged()).map(timeless), said)
  assert.deepEqual(warnings, [])
})

test('a process that is killed loses what it answered last, and nothing that it had written; nothing comes twice', async () => {
  const { stateFolder, databaseUrl } = platform
  const earlier = (await logged()).length
  const serving = await ensureServing({ stateFolder, databaseUrl, bind: '127.0.0.1', port: 0, hosts: [], origins: [], ...everything }, '0.1.0')
  try {
    await untilLive(serving.url, 'house-price', 1)
    const ids: string[] = []
    for (let time = 0; time < 20; time += 1) ids.push(String((await predict(serving.url, 'house-price', [{ rooms: time }])).headers['refit-prediction-id']))
    await untilLogged(serving.url, 20)
    process.kill(serving.pid, 'SIGKILL')
    await until('it is gone', async () => (await readProcessNote(stateFolder, 'serving')) === undefined)
    await shipSpooled(rooms, never)
    await shipSpooled(rooms, never)
    assert.deepEqual((await logged()).slice(earlier).map(({ prediction }) => prediction).toSorted(), ids.toSorted())
  } finally {
    await endServing(stateFolder)
  }
})

test('a file whose rows are in the object store is not taken again when its removal was missed', async () => {
  const { database, spoolFolder } = rooms
  const endpoint = await open(everything)
  await predict(endpoint.url, 'house-price', [{ rooms: 7 }])
  await endpoint.stop()
  const [path = ''] = await closedFiles(spoolFolder)
  const aside = join(platform.stateFolder, 'aside')
  await copyFile(path, aside)
  await shipSpooled(rooms, never)
  const rows = (await logged()).length
  await copyFile(aside, path)
  await shipSpooled(rooms, never)
  assert.deepEqual([(await logged()).length, await closedFiles(spoolFolder)], [rows, []])
  assert.equal((await database.selectFrom('prediction_spools').select('name').execute()).length > 0, true)
})

test('with the database away everything is answered and logged, and shipped when it is back', async () => {
  const endpoint = await open(everything)
  const earlier = (await logged()).length
  try {
    await platform.stopDatabase()
    const answers: Answer[] = []
    for (let time = 0; time < 10; time += 1) answers.push(await predict(endpoint.url, 'house-price', [{ rooms: time }]))
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  } finally {
    await platform.startDatabase()
    await endpoint.stop()
  }
  await shipSpooled(rooms, never)
  assert.equal((await logged()).length, earlier + 10)
})

test('with the object store away files wait on local disk, and come there once when it is back', async () => {
  const endpoint = await open(everything)
  const { status } = await predict(endpoint.url, 'house-price', [{ rooms: 9 }])
  await endpoint.stop()
  const earlier = (await logged()).length
  const blocked = join(platform.stateFolder, 'no-folder')
  await writeFile(blocked, '')
  const away = { ...rooms, objects: filesystemObjects(blocked) }
  for (let time = 0; time < 2; time += 1) await assert.rejects(shipSpooled(away, never))
  assert.deepEqual([status, (await closedFiles(rooms.spoolFolder)).length, (await logged()).length], [200, 1, earlier])
  await shipSpooled(rooms, never)
  await shipSpooled(rooms, never)
  assert.deepEqual([(await closedFiles(rooms.spoolFolder)).length, (await logged()).length], [0, earlier + 1])
})

test('the rows of one answer are found by its id, in their order, among all others', async () => {
  const endpoint = await open(everything)
  const answers: Answer[] = []
  for (const rooms of [[1, 2, 3], [4], [5, 6]]) answers.push(await predict(endpoint.url, 'house-price', rooms.map((each) => ({ rooms: each }))))
  await endpoint.stop()
  await shipSpooled(rooms, never)
  const found = async (answer: Answer, limit = 1000): Promise<readonly unknown[]> => {
    const rows = await readAnswer(rooms.database, rooms.objects, factsOf(answer), { id: String(answer.headers['refit-prediction-id']), limit }, never)
    return rows.map(({ row, predicted }) => [row, predicted])
  }
  const [first, , last] = answers
  assert.ok(first !== undefined && last !== undefined)
  assert.deepEqual([await found(first), await found(first, 2), await found(last)], [[[0, 2], [1, 4], [2, 6]], [[0, 2], [1, 4]], [[0, 10], [1, 12]]])
})

test('rows that are a megabyte long are given, as many at once as fit, and none is passed over', async () => {
  const endpoint = await open(everything)
  const earlier = (await logged()).length
  for (let time = 0; time < 18; time += 1) {
    assert.equal((await predict(endpoint.url, 'house-price', [{ rooms: time, district: 'x'.repeat(990_000) }])).status, 200)
    // More than a few would not be held in memory.
    if (time % 6 === 5) await untilLogged(endpoint.url, time + 1)
  }
  await endpoint.stop()
  await shipSpooled(rooms, never)
  const page = await readJoined(rooms.database, rooms.objects, { model: 'house-price', before: undefined, limit: 1000 }, never)
  assert.ok(page.rows.length > 10 && page.rows.length < 18, `${page.rows.length} rows`)
  assert.deepEqual((await logged()).slice(earlier).map(({ predicted }) => Number(predicted) / 2).toSorted((a, b) => a - b), Array.from({ length: 18 }, (_, time) => time))
  assert.deepEqual(warnings, [])
})

test('what somebody put into the object store who died before it had a name is removed, and nothing else', async () => {
  const { database, objects } = rooms
  const left = await objects.put('predictions', Readable.from([Buffer.from('never named')]), '.parquet')
  const named = await database.selectFrom('prediction_files').select('object').execute()
  assert.ok(named.length > 0)
  assert.deepEqual(await database.selectFrom('prediction_uploads').selectAll().execute(), [], 'what has a name is no upload any more')
  await beginUpload(database, left.key, new Date())
  await removeUnnamed(rooms)
  assert.equal(await objects.has(left.key), true, 'somebody may be bringing it')
  await beginUpload(database, left.key, new Date(Date.now() - 2 * 3_600_000))
  await removeUnnamed(rooms)
  assert.deepEqual([await objects.has(left.key), await database.selectFrom('prediction_uploads').selectAll().execute()], [false, []])
  for (const { object } of named) assert.equal(await objects.has(object), true)
})

test('who reads has everything brought first that has been closed, and once for all who read', async () => {
  const errors: string[] = []
  const log = startPredictionLog({ ...rooms, log: { ...rooms.log, error: (message) => void errors.push(message) } })
  try {
    await log.bring()
    const endpoint = await open(everything)
    await predict(endpoint.url, 'house-price', [{ rooms: 8 }])
    await endpoint.stop()
    const earlier = (await logged()).length
    await Promise.all([log.bring(), log.bring(), log.bring()])
    assert.deepEqual([(await logged()).length, errors], [earlier + 1, []])
  } finally {
    await log.stop()
  }
})

test('what is older than the definition keeps is removed, from the object store too, and the truth about it', async () => {
  const { database, objects } = rooms
  const files = await database.selectFrom('prediction_files').select('object').execute()
  assert.ok(files.length > 0)
  await removeOld(rooms)
  assert.equal((await database.selectFrom('prediction_files').select('number').execute()).length, files.length, 'nothing is old yet')
  const later = { ...systemClock, now: () => new Date(Date.now() + 91 * 86_400_000) }
  await removeOld({ ...rooms, clock: later })
  for (const table of ['prediction_files', 'prediction_spools', 'prediction_feedback'] as const) assert.deepEqual(await database.selectFrom(table).selectAll().execute(), [], table)
  for (const { object } of files) assert.equal(await objects.has(object), false)
})
