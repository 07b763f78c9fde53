import assert from 'node:assert/strict'
import { createReadStream, createWriteStream } from 'node:fs'
import { copyFile, mkdir, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { extractArchive } from '../../src/packages/extract.js'
import { refit, type Finished } from '../cli/refit-process.js'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { DROPS, MODEL, smallProject } from '../support/small-project.js'
import { key, line, toldProject, week } from './offered-models.js'

const onnxModels = fileURLToPath(new URL('../../../test/fixtures/models', import.meta.url))
const predictor = smallProject()['predictor.ts'] ?? ''

let project: RunningProject
let weeks = 0
before(async () => {
  project = await createProject({ ...toldProject('triggers: [],'), 'prototype/predictor.mjs': predictor, 'prototype/line.json': line(0.08), 'worse/predictor.mjs': predictor, 'worse/line.json': line(0.05) })
  await project.up()
})
after(() => project.close())

const adopt = (path: string, ...more: readonly string[]): Promise<Finished> => refit(['adopt', path, '--reason', 'it is in use already', ...more], { folder: project.folder })
const champion = async (): Promise<number | undefined> => (await project.api().model(MODEL)).champion?.version
async function arrives(slope = 0.08): Promise<void> {
  weeks += 1
  await project.put(`${DROPS}/week-${weeks}.csv`, week(weeks, slope))
  await until('the drop', async () => ((await project.api().drops(MODEL)).drops.some(({ key: name }) => name === `week-${weeks}.csv`) ? true : undefined))
}
const newest = async (): Promise<string> => (await project.api().runs({ model: MODEL, limit: 1 })).runs[0]?.id ?? ''

test('without any data there is no row to check it on, and the run says so', async () => {
  const { code, out, error } = await adopt('prototype')
  assert.equal(code, 4, error)
  assert.match(out, /\? inconclusive {2}delivery-time-1\n.*There is no accepted data yet, so there is no row to check the candidate on\./)
})

test('a first champion of which nobody says what it was trained on is shown with a warning, and someone has to approve it', async () => {
  await arrives()
  const { code, out, error } = await adopt('prototype')
  assert.equal(code, 5, error)
  assert.match(out, /Nobody has said what it was trained on: it may have seen the test\s+rows before/)
  const run = await project.ended(await newest())
  assert.match(run.verdict?.warnings[0] ?? '', /the figures then flatter it/)
  assert.deepEqual([run.verdict?.answer, run.verdict?.test.ineligibleRows, run.offer?.kind], ['passed', 0, 'package'])
  await project.api().approve(run.id, { reason: 'it has served for a year' })
  const version = await project.api().version(MODEL, 1)
  assert.deepEqual([version.state, version.serves, version.origin?.path, version.origin?.reason, version.origin?.trainedOn], ['approved', true, join(project.folder, 'prototype'), 'it is in use already', { kind: 'unknown', drops: [`${MODEL}-d1`] }])
  await until('serving', async () => (JSON.stringify((await project.predict(MODEL, [{ distance_km: 1000 }]))?.body).includes('92') ? true : undefined))
  assert.match((await refit(['versions'], { folder: project.folder })).out, /serves.*approve by test: it has served for a year +from \S+\/prototype on \S+, [0-9a-f]{12}, by cli:\w+: it is in use already/)
})

test('beside a champion that may have seen every drop only rows of later drops decide', async () => {
  const blind = await adopt('prototype', '--trained-until', '2020-01-01')
  assert.equal(blind.code, 1)
  assert.match(blind.error, /has no time column/)
  await project.put('keys.csv', `order_id\n${Array.from({ length: 400 }, (_, row) => key(1, row)).join('\n')}\n`)
  const before = await adopt('prototype', '--trained-on', 'keys.csv')
  assert.equal(before.code, 5, 'nothing is left to check it on, so somebody may say')
  assert.equal((await project.ended(await newest())).verdict?.test.rows, 0)
  await arrives()
  const after = await adopt('prototype', '--trained-on', join(project.folder, 'keys.csv'))
  assert.equal(after.code, 0, after.out)
  const run = await project.ended(await newest())
  const ineligible = run.verdict?.test.ineligibleRows ?? 0
  assert.ok(ineligible > 50 && (run.verdict?.test.rows ?? 0) > 50, `${ineligible} rows of the first week are left out`)
  assert.equal(run.verdict?.champion?.version, 1)
  assert.equal((await project.api().version(MODEL, run.version ?? 0)).origin?.trainedOn.kind, 'units')
  const [move] = await project.api().championMoves(MODEL)
  assert.deepEqual([move?.cause, move?.version, move?.reason], ['adopt', run.version, 'it is in use already'])
  assert.match((await refit(['show', run.id], { folder: project.folder })).out, /trained on: 400 units that were named/)
})

test('what it was trained on stays known while it is champion: a run that trains is compared on other rows alone', async () => {
  const run = await project.ended((await project.api().requestRun(MODEL, { force: true })).run.id)
  assert.ok((run.verdict?.test.ineligibleRows ?? 0) > 50, run.explanation)
})

test('one that is worse is rejected and leaves no version', async () => {
  const before = await champion()
  const known = (await project.api().versions(MODEL)).versions.length
  const { code, out } = await adopt('worse', '--trained-on', 'keys.csv')
  assert.equal(code, 3, out)
  assert.deepEqual([await champion(), (await project.api().versions(MODEL)).versions.length], [before, known])
})

test('an ONNX file by any name, and an MLflow model with that flavor, are taken; others are refused at once, with the flavors there are', async () => {
  await copyFile(join(onnxModels, 'logarithm.onnx'), join(project.folder, 'hours.onnx'))
  const file = await adopt('hours.onnx', '--trained-on', 'keys.csv')
  assert.equal(file.code, 3, file.out)
  assert.match(file.out, /train .*onnx model/)
  await mkdir(join(project.folder, 'logged'))
  await copyFile(join(onnxModels, 'logarithm.onnx'), join(project.folder, 'logged', 'exported.onnx'))
  const inputs = JSON.stringify([{ name: 'distance_km', type: 'double' }])
  await project.put('logged/MLmodel', `flavors:\n  onnx:\n    data: exported.onnx\n  python_function:\n    loader_module: mlflow.onnx\nrun_id: 0123abc\nsignature:\n  inputs: '${inputs}'\n`)
  const logged = await adopt('logged', '--trained-on', 'keys.csv')
  assert.equal(logged.code, 3, logged.out)
  const { offer } = await project.ended(await newest())
  assert.equal(offer?.kind === 'package' ? offer.origin.mlflowRun : '', '0123abc')
  const runs = (await project.api().runs({ model: MODEL })).runs.length
  await project.put('elsewhere/MLmodel', 'flavors:\n  spark:\n    model_data: sparkml\n')
  await project.put('elsewhere/sparkml/metadata', 'x')
  const elsewhere = await adopt('elsewhere')
  assert.equal(elsewhere.code, 1)
  assert.match(elsewhere.error, /spark.*\n.*onnx and python_function/)
  await project.put('logged/MLmodel', `flavors: { onnx: { data: exported.onnx } }\nsignature: { inputs: '[{"name":"distance_km","type":"double"},{"name":"weight","type":"double"}]' }\n`)
  assert.match((await adopt('logged')).error, /takes weight, which the definition does not have as a feature/)
  await copyFile(join(onnxModels, 'columns-regression.onnx'), join(project.folder, 'columns.onnx'))
  assert.match((await adopt('columns.onnx')).error, /takes area, floors, district, which the definition does not have as a feature; and it does not take distance_km/)
  await copyFile(join(onnxModels, 'matrix-regression.onnx'), join(project.folder, 'matrix.onnx'))
  assert.match((await adopt('matrix.onnx')).error, /takes rows of 2 values, and there are 1 columns for it: distance_km/)
  assert.equal((await project.api().runs({ model: MODEL })).runs.length, runs, 'what is refused asks for no run')
})

test('a link, a folder without a model, and something that is no archive are refused before any run', async () => {
  await mkdir(join(project.folder, 'linked'))
  await symlink('/etc/passwd', join(project.folder, 'linked', 'predictor.mjs'))
  assert.match((await adopt('linked')).error, /predictor\.mjs.*no plain file/)
  await project.put('nothing/readme.txt', 'x')
  assert.match((await adopt('nothing')).error, /no model in it is recognised; known are ydf, onnx, module/)
  assert.match((await refit(['adopt', 'prototype'], { folder: project.folder })).error, /adopt needs a reason/)
  await assert.rejects(project.api().adopt(MODEL, { reason: 'x', path: 'x' }, Readable.from(['no archive'])), { code: 'upload-unfit' })
  await project.put('bad.csv', 'customer\n1\n')
  assert.match((await adopt('prototype', '--trained-on', 'bad.csv')).error, /rows that the model was trained on cannot be taken/)
})

test('a version leaves as an archive and is adopted as it is: the same digest, and where it was', async (t) => {
  const { version: number, digest = '' } = (await project.api().model(MODEL)).champion ?? { version: 0 }
  const archive = join(project.folder, 'moved.tar')
  await pipeline(await project.api().package(MODEL, number), createWriteStream(archive))
  const other = await createProject(toldProject('triggers: [],'))
  t.after(() => other.close())
  await other.up()
  await other.put(`${DROPS}/week-1.csv`, week(1, 0.08))
  await until('the drop', async () => ((await other.api().drops(MODEL)).drops.length > 0 ? true : undefined))
  const { run } = await other.api().adopt(MODEL, { reason: 'approved in staging', path: project.api().url, environment: 'staging' }, createReadStream(archive))
  const ended = await other.ended(run.id)
  assert.equal(ended.candidate, digest)
  const moved = await other.api().version(MODEL, ended.version ?? 0)
  assert.deepEqual([moved.digest, moved.origin?.version?.environment, moved.origin?.version?.number, moved.origin?.version?.digest], [digest, 'staging', number, digest])

  // What the note says of the training is believed, so it has to be the package's own.
  const files = join(project.folder, 'moved')
  await mkdir(files)
  await extractArchive(archive, files, 1_000_000_000)
  const note: unknown = JSON.parse(await readFile(join(files, 'refit-origin.json'), 'utf8'))
  await project.put('moved/refit-origin.json', JSON.stringify({ ...Object(note), digest: '0'.repeat(64) }))
  assert.match((await adopt('moved')).error, new RegExp(`its refit-origin\\.json tells of package 000000000000, and this is ${digest.slice(0, 12)}`))
  await project.put('prototype/refit-origin.json', JSON.stringify(note))
  assert.match((await adopt('prototype')).error, /its refit-origin\.json tells of a package of Refit, and there is none/)
})
