import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { after, before, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { refit } from '../cli/refit-process.js'
import { startFaultyProxy, type Fault } from '../support/faulty-proxy.js'
import { needsGenuine, startGenuineServer, type GenuineServer } from './genuine-server.js'
import { ask, runMlflowScript, startRefitMlflow, type RunningMlflow } from './running-mlflow.js'

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))
const NAME = 'delivery-time'

const Counts = Type.Object({ models: Type.Integer(), versions: Type.Integer(), aliases: Type.Integer(), runs: Type.Integer(), loggedModels: Type.Integer(), files: Type.Integer() })
const Imported = Type.Object({
  kind: Type.Literal('imported'),
  server: Type.String(),
  brought: Type.Object({ ...Counts.properties, values: Type.Integer(), bytes: Type.Integer() }),
  present: Counts,
  left: Type.Array(Type.Object({ what: Type.String(), reason: Type.String() })),
  leftCount: Type.Integer(),
})
const Seeded = Type.Object({ versions: Type.Array(Type.Integer()), runs: Type.Array(Type.String()), model: Type.String() })

let genuine: GenuineServer
let seeded: Static<typeof Seeded>
before(async () => {
  if (needsGenuine.skip !== undefined) return
  genuine = await startGenuineServer()
  seeded = Value.Parse(Seeded, await runMlflowScript('moving_in_seed.py', genuine.url, { MODEL: NAME }))
})
after(async () => {
  if (needsGenuine.skip === undefined) await genuine.stop()
})

const tell = (url: string): Promise<unknown> => runMlflowScript('moving_in_tell.py', url, { MODEL: NAME, MODELS: seeded.model })

async function imported(from: string, to: string, environment: Readonly<Record<string, string>> = {}): Promise<Static<typeof Imported>> {
  const { code, out, error } = await refit(['import', 'mlflow', from, '--url', to, '--json'], { environment })
  assert.equal(code, 0, error)
  return Value.Parse(Imported, JSON.parse(out))
}

async function emptyRefit(t: Pick<TestContext, 'after'>): Promise<RunningMlflow> {
  const server = await startRefitMlflow()
  t.after(() => server.stop())
  return server
}

test('what a genuine server has registered is here under its ids and numbers, to the last value and byte, and a second import brings nothing', needsGenuine, async (t) => {
  const server = await emptyRefit(t)
  const first = await imported(genuine.url, server.url)
  assert.deepEqual([first.brought.models, first.brought.versions, first.brought.aliases, first.brought.runs, first.brought.loggedModels], [2, 5, 2, 3, 1])
  assert.ok(first.brought.values >= 2502 && first.brought.files > 5, JSON.stringify(first.brought))
  assert.deepEqual(first.left.map(({ what }) => what), [`files of version ${seeded.versions[3]} of ${NAME}`])
  assert.match(first.left[0]?.reason ?? '', /another store \(s3:\/\/some-bucket\/models\/line\)/)
  assert.deepEqual(await tell(server.url), await tell(genuine.url))

  const second = await imported(genuine.url, server.url)
  assert.deepEqual(second.brought, { models: 0, versions: 0, aliases: 0, runs: 0, loggedModels: 0, values: 0, files: 0, bytes: 0 })
  assert.deepEqual([second.present.models, second.present.versions, second.present.aliases, second.present.runs, second.present.loggedModels], [2, 5, 2, 3, 1])
  assert.equal(second.leftCount, 1)
})

test('files that lie on the disk of a genuine server come by their runs and logged models, to the last byte', needsGenuine, async (t) => {
  const disk = await startGenuineServer({ onDisk: true })
  t.after(() => disk.stop())
  const there = Value.Parse(Seeded, await runMlflowScript('moving_in_seed.py', disk.url, { MODEL: NAME }))
  const server = await emptyRefit(t)
  const { brought, left } = await imported(disk.url, server.url)
  assert.deepEqual([brought.models, brought.versions, brought.runs, brought.loggedModels], [2, 5, 3, 1])
  assert.deepEqual(left.map(({ what }) => what), [`files of version ${there.versions[3]} of ${NAME}`])
  const tellAll = (url: string): Promise<unknown> => runMlflowScript('moving_in_tell.py', url, { MODEL: NAME, MODELS: there.model })
  assert.deepEqual(await tellAll(server.url), await tellAll(disk.url))
  assert.equal((await imported(disk.url, server.url)).brought.files, 0)
})

test('what was changed here stays, what has come there since is brought, and versions of this place are counted on', needsGenuine, async (t) => {
  const server = await emptyRefit(t)
  await imported(genuine.url, server.url)
  const api = '/api/2.0/mlflow'
  assert.equal((await ask(server.url, 'POST', `${api}/registered-models/alias`, { name: NAME, alias: 'champion', version: '1' })).status, 200)
  const own = await ask(server.url, 'POST', `${api}/model-versions/create`, { name: NAME, source: `models:/${NAME}/1` })
  const next = Math.max(...seeded.versions) + 1
  assert.match(own.text, new RegExp(`"version":"${next}"`))
  assert.equal((await ask(genuine.url, 'POST', `${api}/runs/set-tag`, { run_id: seeded.runs[0], key: 'later', value: 'yes' })).status, 200)
  const made = await ask(genuine.url, 'POST', `${api}/model-versions/create`, { name: NAME, source: `models:/${NAME}/1`, run_id: seeded.runs[0] })
  assert.match(made.text, new RegExp(`"version": ?"${next}"`))

  const again = await imported(genuine.url, server.url)
  assert.deepEqual([again.brought.runs, again.brought.versions, again.brought.aliases], [1, 0, 0])
  assert.deepEqual(again.left.map(({ what }) => what).toSorted(), [`alias champion of ${NAME}`, `files of version ${seeded.versions[3]} of ${NAME}`, `version ${next} of ${NAME}`].toSorted())
  assert.match((await ask(server.url, 'GET', `${api}/runs/get?run_id=${seeded.runs[0]}`)).text, /"later","value":"yes"/)
  assert.match((await ask(server.url, 'GET', `${api}/registered-models/alias?name=${NAME}&alias=champion`)).text, /"version":"1"/)
  assert.equal((await ask(genuine.url, 'DELETE', `${api}/model-versions/delete`, { name: NAME, version: String(next) })).status, 200)
})

test('killed at any request to either server, it goes on where it was and has everything once', needsGenuine, async (t) => {
  const server = await emptyRefit(t)
  let count = 0
  let last = 0
  let kill: () => void = () => undefined
  const plan = (): undefined => {
    count += 1
    if (count === last) kill()
    return undefined
  }
  const [from, to] = await Promise.all([startFaultyProxy(t, genuine.url, plan), startFaultyProxy(t, server.url, plan)])
  let kills = 0
  for (let isWhole = false, next = 1; !isWhole; next += 3) {
    count = 0
    last = next
    const child = spawn(process.execPath, [main, 'import', 'mlflow', from.endpoint, '--url', to.endpoint, '--json'], { env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' }, stdio: 'ignore' })
    kill = () => void child.kill('SIGKILL')
    const [code, signal] = await new Promise<readonly [number | null, string | null]>((resolve) => {
      child.once('close', (ended, by) => resolve([ended, by]))
    })
    isWhole = signal === null
    if (isWhole) assert.equal(code, 0)
    else kills += 1
  }
  assert.ok(kills > 10, `${kills} kills`)
  assert.deepEqual(await tell(server.url), await tell(genuine.url))
})

test('connections that break, answers that break off and servers that are busy for a moment are lived through', needsGenuine, async (t) => {
  const server = await emptyRefit(t)
  const faults: readonly Fault[] = [{ kind: 'reset', when: 'before' }, { kind: 'reset', when: 'after' }, { kind: 'reset', when: 'within' }, { kind: 'cut', quiet: false }, { kind: 'status', status: 503, code: 'Busy' }]
  const spoilt = (offset: number) => ({ number }: { readonly number: number }): Fault | undefined => (number % 7 === offset ? faults[Math.floor(number / 7) % faults.length] : undefined)
  const [from, to] = await Promise.all([startFaultyProxy(t, genuine.url, spoilt(3)), startFaultyProxy(t, server.url, spoilt(5))])
  await imported(from.endpoint, to.endpoint)
  for (const { seen } of [from, to]) assert.ok(seen.filter(({ fault }) => fault !== undefined).length >= faults.length, `${seen.length} requests`)
  assert.deepEqual(await tell(server.url), await tell(genuine.url))
})

test('a password in the address stands in nothing that is shown or kept, and whoever Refit does not know, or lets only read, is told', needsGenuine, async (t) => {
  const secret = 'refit-secret-0123456789'
  const reading = 'reader-secret-0123456789'
  const server = await startRefitMlflow({ tokens: `mover:operator:${secret} reader:viewer:${reading}` })
  t.after(() => server.stop())
  const address = new URL(genuine.url)
  address.username = 'someone'
  address.password = 'a-password-of-theirs'
  const ended = await refit(['import', 'mlflow', address.href, '--url', server.url, '--json'], { environment: { REFIT_TOKEN: secret } })
  assert.equal(ended.code, 0, ended.error)
  assert.ok(!`${ended.out}${ended.error}`.includes('a-password-of-theirs'))
  const { text } = await ask(server.url, 'GET', `/api/2.0/mlflow/registered-models/get?name=${NAME}`, undefined, { Authorization: `Bearer ${secret}` })
  assert.ok(text.includes(`"value":"${genuine.url}"`) && !text.includes('a-password-of-theirs'), text)
  for (const [token, told] of [['nobody-has-this-token-1', /Refit at \S+ refused the question which server it is: status 401.*\n.*REFIT_TOKEN, with the role operator/], [reading, /refused a registered model: status 403\. This needs the role operator/]] as const) {
    const refused = await refit(['import', 'mlflow', genuine.url, '--url', server.url], { environment: { REFIT_TOKEN: token } })
    assert.equal(refused.code, 1)
    assert.match(refused.error, told)
  }
})
