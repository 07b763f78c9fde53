import assert from 'node:assert/strict'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { systemClock } from '../../src/clock.js'
import { filesystemObjects } from '../../src/objects/filesystem/adapter.js'
import type { Signature } from '../../src/packages/manifest.js'
import { predictionKey } from '../../src/prediction-log/key.js'
import { shipSpooled } from '../../src/prediction-log/ship.js'
import { startRecorder, type Recorder } from '../../src/predictions/recorder.js'
import { openSpool } from '../../src/predictions/spool.js'
import { startApi, type RunningApi } from '../api/running-api.js'
import { promotedRun } from '../api/seeded-runs.js'
import { refit, type Finished } from './refit-process.js'

const OPERATOR = 'an-operator-of-some-length'
const VIEWER = 'a-viewer-of-some-length'
const signature: Signature = { task: 'regression', inputs: [{ name: 'rooms', type: 'number', optional: false }], target: 'price', classes: [] }

let api: RunningApi
let folder: string
let logged: string
let unlogged: string
before(async () => {
  api = await startApi({ tokens: `owner:operator:${OPERATOR},developer:viewer:${VIEWER}` })
  await promotedRun(api.database, 'house-price')
  folder = await mkdtemp(join(tmpdir(), 'refit-predictions-'))
  const spoolFolder = join(folder, 'spool')
  const record = async (share: number, rooms: readonly number[], keys?: readonly string[]): Promise<string> => {
    const recorder = await recorderFor(spoolFolder, share)
    const id = recorder.record({ model: 'house-price', version: 1, generation: 1, side: 'champion', signature, features: { rooms }, rows: rooms.length, keys, predictions: rooms.map((each) => each * 1000) })
    await recorder.stop()
    return id
  }
  logged = await record(1, [3, 4], ['house 1', 'house 2'])
  unlogged = await record(0, [5])
  const warnings: string[] = []
  await shipSpooled({ database: api.database, objects: filesystemObjects(join(api.folder, '.refit', 'objects')), clock: systemClock, spoolFolder, token: `test/${process.pid}/ship`, log: { warn: (message) => void warnings.push(message) } }, new AbortController().signal)
  assert.deepEqual(warnings, [])
})
after(async () => {
  await api.stop()
  await rm(folder, { recursive: true, force: true })
})

async function recorderFor(spoolFolder: string, share: number): Promise<Recorder> {
  const nothing = (): void => undefined
  const spool = await openSpool({ folder: spoolFolder, now: () => Date.now() })
  const models = share === 0 ? {} : { 'house-price': { share } }
  return startRecorder({ key: Buffer.from(await predictionKey(api.database), 'hex'), models, spool, clock: systemClock, logged: nothing, lost: nothing, log: { warn: nothing } })
}

function ask(token: string, commandLine: readonly string[], input?: string): Promise<Finished> {
  return refit([...commandLine, '--url', api.url], { environment: { REFIT_TOKEN: token }, ...(input === undefined ? {} : { input }) })
}

async function done(...commandLine: string[]): Promise<string> {
  const { code, out, error } = await ask(OPERATOR, commandLine)
  assert.equal(code, 0, error)
  return out
}

test('whoever has an id is told what has answered; rows are shown to operators alone', async () => {
  const said = await done('predictions', 'show', logged)
  assert.match(said, /^Version 1 of house-price answered 2 rows at 2\d{3}-.*\n/)
  assert.match(said, /\nIt had been champion since /)
  assert.match(said, /\nrow {2}key {6}predicted {2}asked\n0 {4}house 1 {2}3000 {7}\{"rooms":3\}\n1 {4}house 2 {2}4000 {7}\{"rooms":4\}\n$/)
  assert.match(await done('predictions', 'show', unlogged), /\nThe answer was not sampled for the log\.\n$/)
  const viewer = await ask(VIEWER, ['predictions', 'show', logged])
  assert.deepEqual([viewer.code, viewer.out.includes('house 1')], [0, false], viewer.error)
  assert.match(viewer.out, /^Version 1 .*\n[^]*takes the role operator\.\n$/)
  const unknown = await ask(VIEWER, ['predictions', 'show', `${logged}x`])
  assert.deepEqual([unknown.code, /There is no such prediction/.test(unknown.error)], [1, true], unknown.error)
  for (const commandLine of [['predictions', 'house-price'], ['feedback', 'house-price', '--key', 'a', '--truth', '1']]) assert.match((await ask(VIEWER, commandLine)).error, /operator/)
})

test('the truth is told by key and by id, one by one and in a file, and stands beside the predictions', async () => {
  assert.match(await done('feedback', 'house-price', '--key', 'house 1', '--truth', '3100'), /^✓ house-price {2}1 entry is kept\n$/)
  // An answer says by itself of which model it is.
  assert.match(await done('feedback', '--prediction', logged, '--row', '1', '--truth', '4200'), /1 entry is kept/)
  assert.match(await done('feedback', '--prediction', unlogged, '--truth', '1'), /0 entries are kept\n {2}1 is about an answer that was not sampled/)
  const many = Array.from({ length: 10_001 }, (_, index) => JSON.stringify({ key: `other ${index}`, truth: index })).join('\n')
  const sent = await ask(OPERATOR, ['feedback', 'house-price', '--input', '-'], `${many}\n`)
  assert.match(sent.out, /10,001 entries are kept/, sent.error)
  const { code, out, error } = await ask(OPERATOR, ['predictions', 'house-price'])
  assert.equal(code, 0, error)
  assert.match(out, /^answered +version +row +key +predicted +truth +answer\n\S.* 1 +1 +house 2 +4000 +4200 +[\w-]{60,}\n\S.* 1 +0 +house 1 +3000 +3100 +[\w-]{60,}\ntruth of 2 of these 2: mean absolute error 150\n$/)
  assert.match(error, /^10 % of the answers are logged; 2 rows are kept since 2\d{3}-\d\d-\d\d, \d\.\d kB\n$/)
})

test('what cannot be kept is said with its place, and what came before it stays', async () => {
  const entries = [...Array.from({ length: 10_000 }, (_, index) => ({ key: `before ${index}`, truth: index })), { key: 'last', truth: 'text' }]
  const sent = await ask(OPERATOR, ['feedback', 'house-price', '--input', '-'], JSON.stringify(entries))
  assert.match(sent.error, /^Entries 1 to 10,000 are kept\. feedback\[0\] below is entry 10,001;[^]*feedback\[0\]\.truth: must be a number/)
  assert.match((await ask(OPERATOR, ['feedback', 'house-price', '--input', '-'], 'key,truth\n')).error, /The feedback in standard input cannot be read: line 1 is no JSON/)
  assert.match((await ask(OPERATOR, ['feedback', 'house-price', '--input', '-'], '')).error, /it has no feedback/)
  assert.match((await ask(OPERATOR, ['feedback', 'house-price', '--key', 'a'])).error, /needs '--truth <value>'/)
})

test('all of the log is written to a file that appears whole', async () => {
  const file = join(folder, 'all.ndjson')
  assert.match(await done('predictions', 'house-price', '--output', file), /all\.ndjson {2}2 rows\n$/)
  const Line = Type.Object({ prediction: Type.Literal(logged), values: Type.Object({ rooms: Type.Number() }), predicted: Type.Number() })
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n').map((line) => Value.Parse(Line, JSON.parse(line)))
  assert.deepEqual(lines.map(({ values, predicted }) => [values.rooms, predicted]), [[4, 4000], [3, 3000]])
  assert.deepEqual((await readdir(folder)).toSorted(), ['all.ndjson', 'spool'])
})
