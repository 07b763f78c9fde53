import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { workFolderOf } from '../../src/batch/local-file.js'
import { text } from '../../src/data/duckdb.js'
import { startTimeOf } from '../../src/processes/proc.js'
import { refit, type Finished } from '../cli/refit-process.js'
import { childrenOf, killNow } from '../support/living-processes.js'
import { until, type RunningProject } from '../support/running-project.js'
import { FORMULA, MODEL, startRides, STRANGE } from '../support/rides.js'
import { openTables, ridesOf, type Tables } from './tables.js'

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))
const ROWS = 1_000_000
const Told = Type.Object({ version: Type.Integer(), rows: Type.Integer(), rejected: Type.Integer(), kept: Type.Integer(), samples: Type.Array(Type.Object({ row: Type.Integer(), reason: Type.String() })) })
const Answered = Type.Object({ predictions: Type.Array(Type.Number()) })

let project: RunningProject
let tables: Tables
let at: (name: string) => string

before(async () => {
  tables = await openTables()
  // All of it under a ceiling that the larger files, in memory, would break.
  project = await startRides({ options: 'limits: { trainMemory: 700 },' })
  at = (name) => join(project.folder, name)
  const uploaded = await refit(['upload', MODEL, 'rides.csv'], { folder: project.folder })
  assert.equal(uploaded.code, 0, uploaded.error)
  const asked = await refit(['run', '--json'], { folder: project.folder })
  assert.equal(asked.code, 0, asked.out + asked.error)
  await until('version 1 to serve', async () => ((await project.serving(`/models/${MODEL}`))?.status === 200 ? true : undefined))
  await tables.write(ridesOf(ROWS), at('million.parquet'))
})

after(async () => {
  tables.close()
  await project.close()
})

const predict = (input: string, output: string, ...more: readonly string[]): Promise<Finished> => refit(['predict', MODEL, '--input', input, '--output', output, '--json', ...more], { folder: project.folder })

async function scored(input: string, output: string, ...more: readonly string[]) {
  const { code, out, error } = await predict(input, output, ...more)
  assert.equal(code, 0, error)
  assert.equal(existsSync(workFolderOf(at(output))), false, 'nothing is left beside the output')
  return Value.Parse(Told, JSON.parse(out))
}

async function refused(code: string, input: string, output: string, ...more: readonly string[]): Promise<string> {
  const finished = await predict(input, output, ...more)
  assert.equal(finished.code, 1, finished.out)
  const failure = Value.Parse(Type.Object({ code: Type.String(), message: Type.String() }), JSON.parse(finished.error))
  assert.equal(failure.code, code, failure.message)
  assert.equal(existsSync(workFolderOf(at(output))), false, 'nothing is left beside the output')
  return failure.message
}

/** Requires that an output has every row of the million once, in its place, with the prediction that belongs to it. */
async function requireWhole(output: string): Promise<void> {
  const found = await tables.row(`select count(*) as rows, count(*) filter (where place <> file_row_number) as strayed, count(*) filter (where refit_prediction is distinct from (${FORMULA.sql})) as wrong, count(refit_error) as refused from read_parquet(${text(at(output))}, file_row_number = true)`)
  assert.deepEqual({ ...found }, { rows: BigInt(ROWS), strayed: 0n, wrong: 0n, refused: 0n })
}

test('a million rows are scored in their order, each once, as the endpoint answers them', async () => {
  const { rows, rejected, version } = await scored('million.parquet', 'scored.parquet')
  assert.deepEqual({ rows, rejected, version }, { rows: ROWS, rejected: 0, version: 1 })
  await requireWhole('scored.parquet')
  const columns = await tables.rows(`describe select * from ${text(at('scored.parquet'))}`)
  assert.deepEqual(columns.map((row) => `${String(row['column_name'])} ${String(row['column_type'])}`), ['ride VARCHAR', 'place BIGINT', 'distance DOUBLE', 'vehicle VARCHAR', 'night BOOLEAN', 'refit_prediction DOUBLE', 'refit_error VARCHAR'])
  const sample = await tables.rows(`select distance::double as distance, vehicle, night, refit_prediction as answer from ${text(at('scored.parquet'))} where place % 997 = 0 order by place`)
  const answer = await project.predict(MODEL, sample.map(({ distance, vehicle, night }) => ({ distance, vehicle, night })))
  assert.equal(answer?.status, 200)
  assert.ok(sample.length > 1000)
  assert.deepEqual(Value.Parse(Answered, answer.body).predictions, sample.map((row) => row['answer']))
})

test('a file of more than its child may have in memory is scored all the same', async () => {
  const rows = 300_000
  await tables.write(`select *, repeat(md5(ride), 128) as remark from (${ridesOf(rows)})`, at('wide.parquet'))
  const { bytes } = await tables.row(`select sum(length(remark))::double as bytes from ${text(at('wide.parquet'))}`)
  assert.ok(Number(bytes) > 1_200_000_000)
  assert.equal((await scored('wide.parquet', 'wide-scored.parquet')).rows, rows)
  const { wrong, lost } = await tables.row(`select count(*) filter (where refit_prediction is distinct from (${FORMULA.sql})) as wrong, count(*) filter (where remark <> repeat(md5(ride), 128)) as lost from ${text(at('wide-scored.parquet'))}`)
  assert.deepEqual([wrong, lost], [0n, 0n])
})

test('a command that is killed in the middle goes on where it was, and ends what was left of itself', async () => {
  const output = at('resumed.parquet')
  const folder = workFolderOf(output)
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [main, 'predict', MODEL, '--input', 'million.parquet', '--output', 'resumed.parquet'], { cwd: project.folder, env: { PATH, HOME }, stdio: 'ignore' })
  const pid = child.pid ?? 0
  await until('some parts', async () => ((await readdir(folder).catch((): string[] => [])).includes('part-00000003.parquet') ? true : undefined), 5)
  const [scoring = 0] = await childrenOf(pid)
  const since = await startTimeOf(scoring)
  await killNow([pid])
  assert.equal(existsSync(output), false, 'an output appears only when it is whole')
  const { rows, kept } = await scored('million.parquet', 'resumed.parquet')
  assert.equal(rows, ROWS)
  assert.ok(kept >= 200_000 && kept % 50_000 === 0, `${kept} rows were kept`)
  assert.notEqual(await startTimeOf(scoring), since ?? 'gone', 'the former child has been ended')
  await requireWhole('resumed.parquet')
})

test('a child ends with a command that is killed, also while its model hangs', async () => {
  await writeFile(at('hangs.csv'), `ride,distance,vehicle\na,${STRANGE.hang},car\n`)
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [main, 'predict', MODEL, '--input', 'hangs.csv', '--output', 'hangs-scored.csv'], { cwd: project.folder, env: { PATH, HOME }, stdio: 'ignore' })
  await until('the model to be asked', async () => ((await readFile(join(workFolderOf(at('hangs-scored.csv')), 'asking'), 'utf8').catch(() => '')).startsWith('2 1 1 ') ? true : undefined), 5)
  const scoring = await childrenOf(child.pid ?? 0)
  assert.equal(scoring.length, 1)
  await killNow([child.pid ?? 0])
  await until('it to have ended', async () => ((await Promise.all(scoring.map(startTimeOf))).every((since) => since === undefined) ? true : undefined))
})

test('a child that is killed fails the command, and loses no finished part', async () => {
  const folder = workFolderOf(at('broken.parquet'))
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [main, 'predict', MODEL, '--input', 'million.parquet', '--output', 'broken.parquet', '--json'], { cwd: project.folder, env: { PATH, HOME }, stdio: 'ignore' })
  const ended = once(child, 'exit')
  await until('a part', async () => ((await readdir(folder).catch((): string[] => [])).includes('part-00000000.parquet') ? true : undefined), 5)
  await killNow(await childrenOf(child.pid ?? 0))
  assert.deepEqual(await ended, [1, null])
  assert.ok(existsSync(folder) && !existsSync(at('broken.parquet')))
  const { kept } = await scored('million.parquet', 'broken.parquet')
  assert.ok(kept > 0)
  await requireWhole('broken.parquet')
})

test('what was begun for another content of the file, or another version, is not gone on with', async () => {
  const folder = workFolderOf(at('other.parquet'))
  await tables.write(ridesOf(200_000), at('changing.parquet'))
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [main, 'predict', MODEL, '--input', 'changing.parquet', '--output', 'other.parquet'], { cwd: project.folder, env: { PATH, HOME }, stdio: 'ignore' })
  await until('a part', async () => ((await readdir(folder).catch((): string[] => [])).includes('part-00000000.parquet') ? true : undefined), 5)
  await killNow([child.pid ?? 0])
  await tables.write(`select * replace (distance + 1 as distance) from (${ridesOf(150_000)})`, at('changing.parquet'))
  const { rows, kept } = await scored('changing.parquet', 'other.parquet')
  assert.deepEqual({ rows, kept }, { rows: 150_000, kept: 0 })
  const { wrong } = await tables.row(`select count(*) filter (where refit_prediction is distinct from (${FORMULA.sql})) as wrong from ${text(at('other.parquet'))}`)
  assert.equal(wrong, 0n)
})

test('a row that cannot be scored costs no other one its prediction, and is told with its number and reason', async () => {
  const rides = ['ride,distance,vehicle,night', 'a,10,car,true', 'b,far,car,true', 'c,,bike,', 'd,nan,car,no', 'e,12,,yes', 'f,13,submarine,perhaps', `g,${STRANGE.prepare},car,`, `h,${STRANGE.predict},car,`, `i,${STRANGE.answer},car,`, 'j,20,bike,', '']
  await writeFile(at('bad.csv'), rides.join('\n'))
  const { rows, rejected, samples } = await scored('bad.csv', 'bad-scored.csv')
  assert.deepEqual({ rows, rejected }, { rows: 10, rejected: 8 })
  assert.deepEqual(samples, [
    { row: 2, reason: 'distance must be a number, is the text "far"' },
    { row: 3, reason: 'distance is null, and not optional' },
    { row: 4, reason: 'distance must be a number, is the number NaN' },
    { row: 5, reason: 'vehicle is null, and not optional' },
    { row: 6, reason: 'night must be true or false, is the text "perhaps"' },
    { row: 7, reason: 'it cannot be prepared: it throws no ride is so long' },
    { row: 8, reason: 'The model gave no usable prediction: predictor.mjs: too far' },
    { row: 9, reason: 'The model gave no usable prediction: it must answer one number, or one object of probabilities, a row' },
  ])
  const lines = (await readFile(at('bad-scored.csv'), 'utf8')).trim().split('\n')
  assert.equal(lines[0], 'ride,distance,vehicle,night,refit_prediction,refit_error')
  assert.equal(lines[1], `a,10,car,true,${FORMULA.of({ distance: 10, vehicle: 'car', night: true })}.0,`)
  assert.equal(lines[2], 'b,far,car,true,,"distance must be a number, is the text ""far"""')
  assert.match(lines[10] ?? '', /^j,20,bike,,48(\.0)?,$/)
})

test('categories never seen are predicted as the endpoint predicts them', async () => {
  await writeFile(at('unseen.csv'), 'ride,distance,vehicle,night\na,10,zeppelin,false\n')
  await scored('unseen.csv', 'unseen-scored.parquet')
  const { answer } = await tables.row(`select refit_prediction as answer from ${text(at('unseen-scored.parquet'))}`)
  const asked = await project.predict(MODEL, [{ distance: 10, vehicle: 'zeppelin', night: false }])
  assert.deepEqual(Value.Parse(Answered, asked?.body).predictions, [answer])
})

test('JSON lines keep their values as they were written, and optional columns may be absent', async () => {
  await writeFile(at('lines.ndjson'), '{"ride":"a","distance":1.50,"vehicle":"car","tags":["x",{"y":1}],"note":null}\n{"ride":"b","distance":"2","vehicle":"bike"}\n{"ride":"c","distance":{"km":3},"vehicle":"car"}\n')
  const { rejected } = await scored('lines.ndjson', 'lines-scored.ndjson')
  assert.equal(rejected, 1)
  assert.deepEqual((await readFile(at('lines-scored.ndjson'), 'utf8')).trim().split('\n').map((line): unknown => JSON.parse(line)), [
    { ride: 'a', distance: 1.5, vehicle: 'car', tags: ['x', { y: 1 }], note: null, refit_prediction: 8, refit_error: null },
    { ride: 'b', distance: '2', vehicle: 'bike', tags: null, note: null, refit_prediction: 12, refit_error: null },
    { ride: 'c', distance: { km: 3 }, vehicle: 'car', tags: null, note: null, refit_prediction: null, refit_error: 'distance must be a number, is the text "{\\"km\\":3}"' },
  ])
})

test('a file that was scored before is scored anew', async () => {
  await writeFile(at('once.csv'), 'ride,distance,vehicle,refit_prediction,refit_error\na,10,car,-1,stale\n')
  await scored('once.csv', 'twice.csv')
  assert.equal(await readFile(at('twice.csv'), 'utf8'), 'ride,distance,vehicle,refit_prediction,refit_error\na,10,car,25.0,\n')
})

test('a header without rows gives an output without rows', async () => {
  await writeFile(at('none.csv'), 'ride,distance,vehicle\n')
  assert.equal((await scored('none.csv', 'none-scored.parquet')).rows, 0)
  const columns = await tables.rows(`describe select * from ${text(at('none-scored.parquet'))}`)
  assert.deepEqual(columns.map((row) => row['column_name']), ['ride', 'distance', 'vehicle', 'refit_prediction', 'refit_error'])
})

test('a file that is no table of rows for the model is refused whole, with the reason', async () => {
  await writeFile(at('empty.csv'), '')
  assert.match(await refused('batch-input-unfit', 'empty.csv', 'x.csv'), /The file is empty/)
  await writeFile(at('short.csv'), 'ride,night\na,true\n')
  assert.match(await refused('batch-input-unfit', 'short.csv', 'x.csv'), /it has no column distance, vehicle/)
  await writeFile(at('ragged.csv'), 'ride,distance,vehicle\na,1,car\nb,2,car,more\n')
  assert.match(await refused('batch-input-unfit', 'ragged.csv', 'x.csv'), /Row 2 has more values than the header/)
  await tables.write("select 'a' as ride, [1, 2] as distance, 'car' as vehicle", at('nested.parquet'))
  assert.match(await refused('batch-input-unfit', 'nested.parquet', 'x.csv'), /Column distance holds values of the type INTEGER\[\]/)
  await writeFile(at('cut.parquet'), (await readFile(at('nested.parquet'))).subarray(0, 60))
  await refused('batch-input-unfit', 'cut.parquet', 'x.csv')
  await writeFile(at('words.csv'), 'ride,distance,vehicle\na,one,car\nb,two,car\n')
  assert.match(await refused('batch-nothing-scored', 'words.csv', 'x.csv'), /None of the rows .* row 1: distance must be a number, is the text "one"/)
  await refused('file-unreadable', 'absent.csv', 'x.csv')
  await refused('batch-output-unknown', 'words.csv', 'x.xlsx')
  await refused('file-unwritable', 'words.csv', 'absent/x.csv')
  assert.equal(existsSync(at('x.csv')), false)
})

test('an output that is there is never overwritten unasked, nor is one that another process writes', async () => {
  await writeFile(at('kept.csv'), 'precious')
  await writeFile(at('one.csv'), 'ride,distance,vehicle\na,1,car\n')
  await refused('output-exists', 'one.csv', 'kept.csv')
  assert.equal(await readFile(at('kept.csv'), 'utf8'), 'precious')
  await scored('one.csv', 'kept.csv', '--overwrite')
  assert.match(await readFile(at('kept.csv'), 'utf8'), /^ride,/)
  const both = await Promise.all([predict('million.parquet', 'both.parquet'), predict('million.parquet', 'both.parquet')])
  assert.deepEqual(both.map(({ code }) => code ?? -1).toSorted((a, b) => a - b), [0, 1], both.map(({ error }) => error).join('\n'))
  assert.match(both.map(({ error }) => error).join(''), /"code": ?"(batch-under-way|output-exists)"/)
  await requireWhole('both.parquet')
})

test('a version is named by its number, and one that there is not is refused', async () => {
  await writeFile(at('named.csv'), 'ride,distance,vehicle\na,1,car\n')
  const named = await refit(['predict', `${MODEL}@1`, '--input', 'named.csv', '--output', 'named-scored.csv'], { folder: project.folder })
  assert.equal(named.code, 0, named.error)
  assert.match(named.out, /^✓ named-scored\.csv {2}1 row by version 1 in /)
  const missing = await refit(['predict', `${MODEL}@7`, '--input', 'named.csv', '--output', 'never.csv'], { folder: project.folder })
  assert.equal(missing.code, 1)
  assert.match(missing.error, /There is no version 7/)
  assert.ok((await stat(at('named-scored.csv'))).size > 0)
})
