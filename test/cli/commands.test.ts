import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { systemClock as clock } from '../../src/clock.js'
import { claimRun, endRun } from '../../src/runs/execution.js'
import { listRuns } from '../../src/runs/queries.js'
import { startApi, type RunningApi } from '../api/running-api.js'
import { awaitingRun, finishStage, promotedRun, rejectedRun, throughCheck, failedVerdict } from '../api/seeded-runs.js'
import { refit, type Finished } from './refit-process.js'

let api: RunningApi
let rejected: string
before(async () => {
  api = await startApi({ sourceFailures: { 'price-direction': { source: 'folder:prices', message: 'The source folder:prices cannot be read: there is no such folder' } } })
  await promotedRun(api.database, 'house-price')
  rejected = await rejectedRun(api.database, 'house-price')
})
after(() => api.stop())

function ask(...commandLine: string[]): Promise<Finished> {
  return refit([...commandLine, '--url', api.url])
}

test('status, runs, versions and drops are plain lines when nobody watches', async () => {
  for (const [commandLine, expected] of [
    [['status'], /house-price {2}regression of price\n {2}serves {3}version 1 {2}MAPE 12\.7 %/],
    [['status'], /price-direction .*\n(?: .*\n)*? {2}✗ {8}The source folder:prices cannot be read: there is no such folder/],
    [['runs', 'house-price'], /house-price-2 {2}✗ rejected {2}MAPE 12\.7 % vs 13 %/],
    [['versions', 'house-price'], /● 1 .*serves/],
    [['drops', 'house-price'], /No such drop\./],
  ] as const) {
    const { code, out, error } = await ask(...commandLine)
    assert.equal(code, 0, error)
    assert.match(out, expected)
    assert.ok(!out.includes('\u001b'), 'no control sequences')
  }
})

test('show answers on one screen of 24 lines why a run was not promoted', async () => {
  const { code, out } = await ask('show', rejected)
  assert.equal(code, 0)
  assert.ok(out.split('\n').length <= 25, out)
  assert.match(out, /✗ rejected {2}house-price-2/)
  assert.match(out, /✓ MAPE at most 15 %/)
  assert.match(out, /✗ MAE not worse than the champion by 3 % +71,021 +68,201\n.*4\.1 % worse/)
  assert.match(out, /\? MAPE at most 35 % for each zipcode/)
  assert.match(out, /week-06\.csv quarantined/)
  assert.match(out, /Next/)
})

test('explain tells why a version serves, however it is named', async () => {
  for (const named of [['house-price@1'], ['house-price', '1'], ['house-price']]) {
    const { code, out, error } = await ask('explain', ...named)
    assert.equal(code, 0, error)
    assert.match(out, /● serves {2}house-price@1.*\n {2}Version 1 serves since .* UTC: it was trained by house-price-1 and passed the check\s+beside version 3/)
  }
  assert.match((await ask('explain', 'house-price@77')).error, /version 77/)
})

test('report writes the page of a run, and says where it is when there is no desktop', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'refit-cli-'))
  const file = join(folder, 'verdict.html')
  const { code, out, error } = await refit(['report', 'house-price', '--output', file, '--open', '--url', api.url], { environment: { DISPLAY: '', WAYLAND_DISPLAY: '' } })
  assert.equal(code, 0, error)
  assert.equal(out, `✓ ${file}\n`)
  assert.match(error, /no desktop here.*verdict\.html/)
  assert.match(await readFile(file, 'utf8'), /^<!doctype html>[^]*house-price-2: rejected[^]*<\/html>\n$/)
  assert.deepEqual(await readdir(folder), ['verdict.html'])
  assert.match((await ask('report', rejected, '--output', join(folder, 'no', 'where.html'))).error, /cannot be written: .*ENOENT/)
  await rm(folder, { recursive: true })
})

test('every result is one JSON document with --json', async () => {
  for (const commandLine of [['status'], ['runs'], ['show', rejected], ['versions', 'house-price'], ['explain', 'house-price'], ['drops', 'house-price']]) {
    const { code, out } = await ask(...commandLine, '--json')
    assert.equal(code, 0)
    assert.equal(typeof JSON.parse(out), 'object', commandLine[0])
  }
})

test('uploads are told apart from those that are known', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'refit-cli-'))
  const file = join(folder, 'week-08.csv')
  await writeFile(file, 'id,price,rooms\n1,2,3\n')
  assert.match((await ask('upload', 'house-price', file)).out, /✓ week-08\.csv recorded as house-price-d1/)
  assert.match((await ask('upload', 'house-price', file)).out, /= week-08\.csv is known already as house-price-d1 \(recorded\)/)
  assert.match((await ask('drops', 'house-price', '--drop', 'house-price-d1')).out, /○ recorded {2}week-08\.csv/)
  const missing = await ask('upload', 'house-price', join(folder, 'nothing.csv'))
  assert.equal(missing.code, 1)
  assert.match(missing.error, /cannot be read: .*ENOENT/)
  assert.match((await ask('upload', 'house-price', folder)).error, /cannot be read: it is no file/)
  await rm(folder, { recursive: true })
})

/** Plays the worker: takes the waiting run of a model and ends it. */
async function carryOut(model: string, work: (claim: NonNullable<Awaited<ReturnType<typeof claimRun>>>) => Promise<void>): Promise<void> {
  const deadline = Date.now() + 30_000
  for (;;) {
    const [run] = await listRuns(api.database, { model, limit: 1 })
    const claim = run?.state === 'waiting' ? await claimRun(api.database, clock, run.id) : undefined
    if (claim !== undefined) return work(claim)
    assert.ok(Date.now() < deadline, 'no run was asked for')
    await clock.sleep(50)
  }
}

test('run follows the stages and ends with the verdict in words and by its exit code', async () => {
  const [finished] = await Promise.all([
    ask('run', 'price-direction', '--reason', 'to see'),
    carryOut('price-direction', async (claim) => {
      await throughCheck(api.database, claim, failedVerdict)
      await endRun(api.database, clock, claim, { outcome: 'rejected', explanation: failedVerdict.summary })
    }),
  ])
  assert.equal(finished.code, 3, finished.error)
  assert.match(finished.out, /run requested \(manual: to see\)/)
  assert.match(finished.out, /split done in .*train 12,000/)
  assert.match(finished.out, /✗ rejected {2}price-direction-1\n {2}MAE is 71,021/)
})

test('run tells a failure with its reason, and streams records with --json', async () => {
  const [finished] = await Promise.all([
    ask('run', 'price-direction', '--json'),
    carryOut('price-direction', async (claim) => {
      await finishStage(api.database, claim, 'ingest', 1, {})
      await endRun(api.database, clock, claim, {
        outcome: 'failed',
        explanation: 'Training left no model.',
        error: { code: 'x', message: 'Training left no model.', stack: 'at secret.js:1' },
      })
    }),
  ])
  assert.equal(finished.code, 6, finished.error)
  const records = finished.out.trim().split('\n').map((line) => JSON.parse(line) as unknown)
  assert.ok(records.length > 4)
  assert.ok(finished.out.includes('Training left no model.'))
  assert.ok(!finished.out.includes('secret.js'))
})

test('approve, decline, promote, rollback and cancel say what they did', async () => {
  const first = await awaitingRun(api.database, 'house-price')
  assert.match((await ask('approve', first.run, '--reason', 'looked at it')).out, /Version 2 is champion of house-price/)
  assert.match((await ask('rollback', 'house-price')).out, /Version 1 is champion/)
  assert.match((await ask('promote', 'house-price', 'v2', '--force', '--reason', 'it was right')).out, /Version 2 is champion/)
  const second = await awaitingRun(api.database, 'house-price')
  assert.match((await ask('approve', second.run, '--decline')).out, /declined by cli:.*champion stays/)
  const refused = await ask('promote', 'house-price', '3')
  assert.equal(refused.code, 1)
  assert.match(refused.error, /may not serve: its state is declined/)
  assert.match((await ask('promote', 'house-price', '1', '--no-wait')).out, /house-price-5 asked for/)
  assert.match((await ask('run', 'house-price', '--no-wait')).out, /house-price-6 asked for/)
  for (const run of ['house-price-5', 'house-price-6']) assert.match((await ask('cancel', run)).out, new RegExp(`${run} is cancelled`))
})

test('mistakes are told with a hint and exit 1, wrong usage exits 2', async () => {
  const unknown = await ask('show', 'nobody-1')
  assert.equal(unknown.code, 1)
  assert.match(unknown.error, /✗ There is no run "nobody-1"\.\n {2}`refit status`/)
  assert.match((await ask('show', 'nobody-1', '--json')).error, /^\{"code":"not-found",/)
  const several = await ask('rollback')
  assert.match(several.error, /several models: house-price, price-direction/)
  for (const commandLine of [['nonsense'], ['show'], ['runs', '--limit', 'many'], ['drops', '--state', 'lost'], ['show', 'a', 'b']]) {
    assert.equal((await ask(...commandLine)).code, 2, commandLine.join(' '))
  }
  assert.equal((await refit(['--help'])).code, 0)
  assert.match((await refit(['--version'])).out, /^\d+\.\d+\.\d+\n$/)
})

test('without a project, or with one that does not run, the hint says what to do', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'refit-cli-'))
  const nowhere = await refit(['status'], { folder })
  assert.match(nowhere.error, /No refit\.config\.ts in/)
  await writeFile(join(folder, 'refit.config.ts'), '')
  const down = await refit(['status'], { folder })
  assert.equal(down.code, 1)
  assert.match(down.error, /Refit is not running\.\n {2}`refit up` starts it/)
  assert.match((await refit(['status'], { folder, environment: { REFIT_URL: 'http://127.0.0.1:1' } })).error, /Nothing answers at http:\/\/127\.0\.0\.1:1/)
  await rm(folder, { recursive: true })
})

test('every name that a project file can have is found, by a command too', async () => {
  for (const name of ['refit.config.ts', 'refit.config.mts', 'refit.config.js', 'refit.config.mjs']) {
    const folder = await mkdtemp(join(tmpdir(), 'refit-cli-'))
    await writeFile(join(folder, name), '')
    assert.match((await refit(['status'], { folder })).error, /Refit is not running/, name)
    await rm(folder, { recursive: true })
  }
})

test('tokens are sent, and what answers elsewhere is not taken for the API', async () => {
  const guarded = await startApi({ tokens: 'watcher:viewer:0123456789abcdef' })
  const at = (token?: string): Promise<Finished> => refit(['status', '--url', guarded.url], { environment: token === undefined ? {} : { REFIT_TOKEN: token } })
  assert.match((await at()).error, /needs a token/)
  assert.equal((await at('0123456789abcdef')).code, 0)
  await guarded.stop()
})

test('predictions are asked for with the token too', async () => {
  const endpoint = createServer((request, response) => {
    const isKnown = request.headers.authorization === 'Bearer 0123456789abcdef'
    response.writeHead(isKnown ? 200 : 401, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify(isKnown ? { model: 'house-price', version: 1, predictions: [221_900] } : {}))
  })
  const guarded = await startApi({ tokens: 'watcher:viewer:0123456789abcdef', servingUrl: await listening(endpoint) })
  await promotedRun(guarded.database, 'house-price')
  const asked = await refit(['predict', 'house-price', '--row', '{"rooms":3}', '--url', guarded.url], { environment: { REFIT_TOKEN: '0123456789abcdef' } })
  assert.equal(asked.code, 0, asked.error)
  assert.match(asked.out, /221900/)
  endpoint.close()
  await guarded.stop()
})

test('a server that ends in the middle of an answer is told as such', async () => {
  const dying = createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '100' })
    response.write('{"models":')
    setTimeout(() => request.socket.destroy(), 50)
  })
  const asked = await refit(['status', '--url', await listening(dying)])
  assert.equal(asked.code, 1)
  assert.match(asked.error, /its answer broke off/)
  assert.doesNotMatch(asked.error, /bug in Refit|\n {4}at /)
  dying.close()
})

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return `http://127.0.0.1:${address.port}`
}
