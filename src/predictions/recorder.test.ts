import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../clock.js'
import type { Signature } from '../packages/manifest.js'
import type { LoggedAnswer, LogSettings } from './logged-answer.js'
import { readPredictionId } from './prediction-id.js'
import { startRecorder, type Loss, type Recorder } from './recorder.js'
import { closedFiles, openSpool } from './spool.js'

const key = randomBytes(32)
const houses: Signature = {
  task: 'regression',
  inputs: [
    { name: 'rooms', type: 'number', optional: false },
    { name: 'district', type: 'category', optional: true },
  ],
  target: 'price',
  classes: [],
}
const irises: Signature = { task: 'classification', inputs: [{ name: 'x', type: 'number', optional: false }], target: 'kind', classes: ['a', 'b'] }

interface Stage {
  readonly folder: string
  readonly recorder: Recorder
  readonly logged: Map<string, number>
  readonly lost: Map<string, number>
  /** Everything that is on the disk, as JSON, a list a file. */
  written(): Promise<readonly (readonly unknown[])[]>
}

async function stage(t: TestContext, models: Readonly<Record<string, LogSettings>>, options: { readonly mostBytes?: number } = {}): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-recorder-'))
  const logged = new Map<string, number>()
  const lost = new Map<string, number>()
  const add = (counts: Map<string, number>, name: string, rows: number): void => void (rows > 0 && counts.set(name, (counts.get(name) ?? 0) + rows))
  const spool = await openSpool({ folder, now: () => performance.now(), ...options })
  const recorder = startRecorder({
    key,
    models,
    spool,
    clock: systemClock,
    logged: (model, rows) => add(logged, model, rows),
    lost: (model, rows, why: Loss) => add(lost, `${model} ${why}`, rows),
    log: { warn: () => undefined },
  })
  t.after(async () => {
    await recorder.stop()
    await rm(folder, { recursive: true, force: true })
  })
  return {
    folder,
    recorder,
    logged,
    lost,
    written: async () =>
      Promise.all((await closedFiles(folder)).map(async (path) => (await readFile(path, 'utf8')).trimEnd().split('\n').map((line): unknown => JSON.parse(line)))),
  }
}

function house(rooms: readonly number[], more: Partial<LoggedAnswer> = {}): Omit<LoggedAnswer, 'id' | 'at'> {
  return {
    model: 'house-price',
    version: 3,
    generation: 4,
    side: 'champion',
    signature: houses,
    features: { rooms, district: rooms.map(() => null) },
    rows: rooms.length,
    keys: undefined,
    predictions: rooms.map((each) => each * 2),
    ...more,
  }
}

test('rows that are logged stand on the disk with their prediction, under the id of their answer', async (t) => {
  const { recorder, written, logged } = await stage(t, { 'house-price': { share: 1 } })
  const id = recorder.record(house([3, 4], { keys: ['first', 'second'] }))
  assert.deepEqual([readPredictionId(key, id)?.rows, readPredictionId(key, id)?.sampled], [2, true])
  await recorder.stop()
  const [file] = await written()
  const [head, ...rows] = file ?? []
  assert.deepEqual(head, { formatVersion: 1, model: 'house-price', version: 3, task: 'regression', columns: houses.inputs, classes: [] })
  const at = readPredictionId(key, id)?.at.toISOString()
  assert.deepEqual(rows, [
    { id, row: 0, at, generation: 4, side: 'champion', key: 'first', c0: 3, c1: null, y: 6 },
    { id, row: 1, at, generation: 4, side: 'champion', key: 'second', c0: 4, c1: null, y: 8 },
  ])
  assert.deepEqual([...logged], [['house-price', 2]])
})

test('only the columns that the definition names are kept, and of a class its probabilities', async (t) => {
  const { recorder, written } = await stage(t, { 'house-price': { share: 1, columns: [] }, iris: { share: 1 } })
  recorder.record(house([1]))
  recorder.record({ ...house([1]), model: 'iris', signature: irises, features: { x: [1] }, predictions: [{ label: 'b', probabilities: { a: 0.25, b: 0.75 } }] })
  await recorder.stop()
  const lines = (await written()).map((file) => file[1])
  assert.equal(lines.length, 2)
  for (const line of lines) {
    const text = JSON.stringify(line)
    assert.ok(text.includes('"y":2') ? !text.includes('"c0"') : text.includes('"c0":1') && text.includes('"y":"b","p":[0.25,0.75]'), text)
  }
})

test('a model that is not logged gets ids all the same, and so does one with the name of something else', async (t) => {
  const { recorder, written } = await stage(t, {})
  for (const model of ['house-price', 'constructor']) assert.equal(readPredictionId(key, recorder.record(house([1], { model })))?.sampled, false)
  await recorder.stop()
  assert.deepEqual(await written(), [])
})

test('versions come into files of their own', async (t) => {
  const { recorder, written } = await stage(t, { 'house-price': { share: 1 } })
  for (const version of [1, 2, 1]) recorder.record(house([version], { version }))
  await recorder.stop()
  assert.deepEqual((await written()).map((file) => file.length).toSorted((a, b) => a - b), [2, 3])
})

test('what is beyond the buffer is counted and not kept, and everything else is', async (t) => {
  const { recorder, written, logged, lost } = await stage(t, { 'house-price': { share: 1 } })
  const rooms = Array.from({ length: 10_000 }, (_, index) => index)
  // Nothing is written before this turn has ended.
  for (let time = 0; time < 3; time += 1) recorder.record(house(rooms))
  await recorder.stop()
  assert.deepEqual([...lost], [['house-price buffer-full', 10_000]])
  assert.deepEqual([...logged], [['house-price', 20_000]])
  assert.equal((await written()).reduce((sum, file) => sum + file.length - 1, 0), 20_000)
})

test('long texts fill the buffer too', async (t) => {
  const { recorder, lost } = await stage(t, { 'house-price': { share: 1 } })
  const long = 'x'.repeat(10_000_000)
  for (let time = 0; time < 3; time += 1) recorder.record(house([1], { features: { rooms: [1], district: [long] } }))
  assert.deepEqual([...lost], [['house-price buffer-full', 2]])
})

test('a row that is too long to keep is counted as lost, and the others of its answer are kept', async (t) => {
  const { recorder, written, lost } = await stage(t, { 'house-price': { share: 1 } })
  recorder.record(house([1, 2, 3], { features: { rooms: [1, 2, 3], district: ['a', 'x'.repeat(1_000_001), 'b'] } }))
  await recorder.stop()
  assert.deepEqual([...lost], [['house-price too-long', 1]])
  assert.equal((await written())[0]?.length, 3)
})

test('when too much waits on the disk, rows are counted as lost, and nothing fails', async (t) => {
  const { recorder, logged, lost } = await stage(t, { 'house-price': { share: 1 } }, { mostBytes: 0 })
  assert.notEqual(recorder.record(house([1, 2])), '')
  await recorder.stop()
  assert.deepEqual([[...lost], [...logged]], [[['house-price disk-full', 2]], []])
})

test('when nothing can be written, rows are counted as lost, and nothing fails', async (t) => {
  const { folder, recorder, logged, lost } = await stage(t, { 'house-price': { share: 1 } })
  await rm(folder, { recursive: true })
  await writeFile(folder, 'no folder')
  assert.notEqual(recorder.record(house([1])), '')
  await recorder.stop()
  assert.deepEqual([[...lost], [...logged]], [[['house-price not-written', 1]], []])
})

test('a folder that has gone away is made again', async (t) => {
  const { folder, recorder, logged, written } = await stage(t, { 'house-price': { share: 1 } })
  await rm(folder, { recursive: true })
  recorder.record(house([1]))
  await recorder.stop()
  assert.deepEqual([[...logged], (await written()).length], [[['house-price', 1]], 1])
})
