import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startTimeOf } from '../../src/processes/proc.js'
import { listReplicas, type Replica } from '../../src/registry/replicas.js'
import { endServing, ensureServing } from '../../src/roles/serving-process.js'
import type { ProcessNote } from '../../src/roles/state.js'
import { startTestLoad, type Answered, type HttpLoad } from '../support/http-load.js'
import { failureOf, predict, send, until } from './endpoint.js'
import { startPlatform, times, type Platform } from './platform.js'

const PROCESSES = 2

let platform: Platform
let serving: ProcessNote
before(async () => {
  platform = await startPlatform('house-price')
  await platform.publish('house-price', times(1))
  serving = await start()
  await untilEachServes(1)
})
after(async () => {
  await endServing(platform.stateFolder)
  await platform.stop()
})

function start(processes = PROCESSES): Promise<ProcessNote> {
  const { stateFolder, databaseUrl } = platform
  return ensureServing({ stateFolder, databaseUrl, bind: '127.0.0.1', port: 0, hosts: [], origins: [], processes }, '0.1.0')
}

/** The processes that have said lately what they answer from, and are alive. */
async function replicas(): Promise<readonly Replica[]> {
  const known = await listReplicas(platform.database, new Date())
  const alive = await Promise.all(known.map(async (replica) => ({ replica, alive: (await startTimeOf(replica.pid)) !== undefined })))
  return alive.flatMap(({ replica, alive }) => (alive ? [replica] : []))
}

async function untilEachServes(version: number): Promise<readonly Replica[]> {
  await until(`each process serves version ${version}`, async () => {
    const all = await replicas()
    return all.length === PROCESSES && all.every(({ live }) => live[0]?.version === version)
  })
  return replicas()
}

function load(context: Pick<TestContext, 'after'>, answers: Answered[], perSecond?: number): HttpLoad {
  return startTestLoad(context, { url: serving.url, path: '/models/house-price/predict', body: JSON.stringify({ rows: [{ rooms: 3 }] }), connections: 8, perSecond, onAnswer: (answered) => answers.push(answered) })
}

/** Requests that were answered with 200, as all processes together tell. */
async function requestsCounted(): Promise<number> {
  const { status, body } = await send(`${serving.url}/metrics`)
  assert.equal(status, 200, body)
  return Number(/^refit_predict_requests_total\{model="house-price",status="200"\} (\d+)$/m.exec(body)?.[1] ?? 0)
}

async function log(): Promise<string> {
  return readFile(join(platform.stateFolder, 'logs', 'serving.log'), 'utf8')
}

test('several processes answer at one address, tell what they answer from, and count together', async (t) => {
  const all = await replicas()
  assert.deepEqual(all.map(({ id, address }) => [id, address]), [1, 2].map((number) => [`${serving.url}#${number}`, serving.url]))
  assert.ok(all.every(({ pid }) => pid !== serving.pid))
  const answers: Answered[] = []
  const running = load(t, answers)
  await until('many are answered', () => answers.length > 500)
  await running.stop()
  assert.deepEqual(answers.filter(({ status }) => status !== 200), [])
  // Whichever of them is asked, it tells of both.
  for (let time = 0; time < 4; time += 1) {
    const { body } = await send(`${serving.url}/metrics`)
    assert.match(body, new RegExp(`^refit_predict_requests_total\\{model="house-price",status="200"\\} ${answers.length}$`, 'm'))
    assert.match(body, /^refit_live_version\{model="house-price"\} 1$/m)
  }
})

test('a swap reaches each of them, and no request fails', async (t) => {
  const answers: Answered[] = []
  const running = load(t, answers)
  await platform.publish('house-price', times(2))
  await untilEachServes(2)
  await running.stop()
  assert.deepEqual(answers.filter(({ status }) => status !== 200), [])
  for (let time = 0; time < 4; time += 1) assert.deepEqual((await predict(serving.url, 'house-price', [{ rooms: 3 }])).json, { model: 'house-price', version: 2, predictions: [6] })
})

test('one that is killed costs its own requests and is replaced, the others go on', async (t) => {
  const [victim, other] = await replicas()
  assert.ok(victim !== undefined && other !== undefined)
  const answers: Answered[] = []
  const running = load(t, answers)
  await until('many are answered', () => answers.length > 200)
  process.kill(victim.pid, 'SIGKILL')
  const before = answers.length
  await until('many more are answered', () => answers.length > before + 200)
  const now = await untilEachServes(2)
  await running.stop()
  // Of the eight connections half were its own, each with one request under way.
  const failed = answers.filter(({ status }) => status !== 200)
  assert.ok(failed.length <= 8, `${failed.length} failed`)
  assert.ok(now.some(({ pid }) => pid === other.pid), 'the other one has ended too')
  assert.match(await log(), /process \d has ended by SIGKILL; another one starts in 0\.2 seconds/)
})

test('one that is asked to end answers what is under way and lets its callers go; no request fails', async (t) => {
  const [leaving] = await replicas()
  assert.ok(leaving !== undefined)
  const answers: Answered[] = []
  const running = load(t, answers)
  await until('many are answered', () => answers.length > 200)
  process.kill(leaving.pid, 'SIGTERM')
  await until('it has ended', async () => (await startTimeOf(leaving.pid)) === undefined)
  await untilEachServes(2)
  await running.stop()
  assert.deepEqual(answers.filter(({ status }) => status !== 200), [])
})

test('no counter falls while a process is silent, killed, ended or replaced', async (t) => {
  const [silent, other] = await replicas()
  assert.ok(silent !== undefined && other !== undefined)
  const counted = await requestsCounted()
  const seen = [counted]
  const answers: Answered[] = []
  const ask = async (): Promise<void> => {
    const running = load(t, answers)
    const before = answers.length
    await until('more are answered', () => answers.length > before + 100)
    await running.stop()
    seen.push(await requestsCounted())
  }
  await ask()
  assert.equal(seen.at(-1), counted + answers.length)
  // Only the other one can take this.
  process.kill(silent.pid, 'SIGSTOP')
  seen.push(await requestsCounted())
  process.kill(silent.pid, 'SIGKILL')
  for (let time = 0; time < 20; time += 1) seen.push(await requestsCounted())
  await untilEachServes(2)
  await ask()
  process.kill(other.pid, 'SIGTERM')
  await until('it has ended', async () => (await startTimeOf(other.pid)) === undefined)
  await untilEachServes(2)
  await ask()
  assert.deepEqual(seen, seen.toSorted((a, b) => a - b))
  // Both had told everything before they ended.
  assert.equal(seen.at(-1), counted + answers.filter(({ status }) => status === 200).length)
})

test('who asks for metrics of a starter that is silent is told so, and keeps no process from ending with it', async () => {
  process.kill(serving.pid, 'SIGSTOP')
  const { status, code } = failureOf(await send(`${serving.url}/metrics`))
  assert.deepEqual([status, code], [503, 'metrics-away'])
  const before = await replicas()
  const asked = Promise.allSettled(Array.from({ length: 8 }, () => send(`${serving.url}/metrics`)))
  await delay(100)
  process.kill(serving.pid, 'SIGKILL')
  await until('they have ended', async () => (await Promise.all(before.map(({ pid }) => startTimeOf(pid)))).every((since) => since === undefined))
  await asked
  serving = await start()
  await until('each process serves again', async () => (await replicas()).length === PROCESSES)
})

test('when the process that started them is killed they end, and a new start finds the address free', async () => {
  const before = await replicas()
  process.kill(serving.pid, 'SIGKILL')
  await until('they have ended', async () => (await replicas()).every(({ pid }) => !before.some((each) => each.pid === pid)))
  serving = await start()
  await untilEachServes(2)
})

test('what one process needs on disk stays, though the others have done with it', async () => {
  const digests = new Map<number, string>()
  const publish = async (factor: number): Promise<number> => {
    const { version, digest } = await platform.publish('house-price', times(factor))
    digests.set(version, digest)
    return version
  }
  const isThere = (version: number): boolean => existsSync(join(platform.stateFolder, 'serving', 'packages', digests.get(version) ?? ''))
  const served = await publish(3)
  await untilEachServes(served)
  const behind = (await replicas()).find(({ id }) => id.endsWith('#2'))
  assert.ok(behind !== undefined)
  process.kill(behind.pid, 'SIGSTOP')
  let newest = served
  for (const factor of [4, 5, 6]) {
    newest = await publish(factor)
    await until('the first process serves it', async () => (await replicas()).some(({ id, live }) => id.endsWith('#1') && live[0]?.version === newest))
  }
  assert.ok(isThere(served), 'the package that it serves from is gone')
  process.kill(behind.pid, 'SIGCONT')
  await untilEachServes(newest)
  const last = await publish(7)
  await untilEachServes(last)
  await until('what nobody needs is gone', () => !isThere(served))
  assert.ok(isThere(newest) && isThere(last))
})

test('other settings replace all of them, the same ones none', async () => {
  assert.equal((await start()).pid, serving.pid)
  const before = await replicas()
  const replaced = await start(3)
  assert.notEqual(replaced.pid, serving.pid)
  for (const { pid } of before) assert.equal(await startTimeOf(pid), undefined)
  serving = replaced
})
