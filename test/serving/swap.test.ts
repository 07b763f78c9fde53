import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { endServing, ensureServing } from '../../src/roles/serving-process.js'
import { predict, until, untilLive } from './endpoint.js'
import { startPlatform, times, type Platform } from './platform.js'

const CONNECTIONS = 4
const PROMOTIONS = 20
/** At least so many requests are answered between one promotion and the next. */
const REQUESTS_EACH = 300
const ROOMS = 7

let platform: Platform
let url: string
before(async () => {
  platform = await startPlatform('house-price', 'slow')
  const { stateFolder, databaseUrl } = platform
  url = (await ensureServing({ stateFolder, databaseUrl, bind: '127.0.0.1', port: 0, hosts: [], origins: [] }, '0.1.0')).url
})
after(async () => {
  await endServing(platform.stateFolder)
  await platform.stop()
})

const Answered = Type.Object({ model: Type.Literal('house-price'), version: Type.Integer(), predictions: Type.Array(Type.Number()) })

/** Callers that ask without a pause, each over a connection of its own that is kept. */
interface Load {
  readonly answered: () => number
  /** By caller, the versions it was answered by, each as often as it changed. */
  readonly seen: readonly (readonly number[])[]
  /** What went wrong, in words. */
  readonly failures: readonly string[]
  stop(): Promise<void>
}

/** `check` is given each answer's version, and whatever `begin` said when the request was sent; it says what is wrong. */
function startLoad<T>(begin: () => T, check: (version: number, begun: T) => string | undefined): Load {
  const failures: string[] = []
  const seen: number[][] = Array.from({ length: CONNECTIONS }, () => [])
  const stopped = new AbortController()
  let answered = 0
  const body = JSON.stringify({ rows: [{ rooms: ROOMS }] })
  const ask = (agent: Agent): Promise<{ status: number; received: string }> =>
    new Promise((resolve, reject) => {
      const sent = request(`${url}/models/house-price/predict`, { method: 'POST', agent, headers: { 'content-type': 'application/json' } }, (response) => {
        text(response).then((received) => resolve({ status: response.statusCode ?? 0, received }), reject)
      })
      sent.once('error', reject)
      sent.end(body)
    })
  const caller = async (versions: number[]): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    while (!stopped.signal.aborted) {
      const begun = begin()
      try {
        const { status, received } = await ask(agent)
        const answer: unknown = JSON.parse(received)
        if (status !== 200 || !Value.Check(Answered, answer)) failures.push(`${status} ${received}`)
        else {
          // Each version multiplies by its own number: a mixture of two would show.
          if (answer.predictions[0] !== ROOMS * answer.version) failures.push(`version ${answer.version} answered ${answer.predictions.join()}`)
          const wrong = check(answer.version, begun)
          if (wrong !== undefined) failures.push(wrong)
          if (versions.at(-1) !== answer.version) versions.push(answer.version)
        }
      } catch (error) {
        failures.push(String(error))
      }
      answered += 1
    }
    agent.destroy()
  }
  const callers = seen.map(caller)
  return {
    answered: () => answered,
    seen,
    failures,
    stop: async () => {
      stopped.abort()
      await Promise.all(callers)
    },
  }
}

/** Waits until so many more requests have been answered. */
async function more(load: Load, count: number): Promise<void> {
  const enough = load.answered() + count
  await until(`${count} more requests are answered`, () => load.answered() >= enough)
}

test(`over ${PROMOTIONS} promotions under constant load no request fails, and once a version has answered none before it does`, async () => {
  await platform.publish('house-price', times(1))
  await untilLive(url, 'house-price', 1)
  let newest = 1
  let highestAnswered = 1
  const load = startLoad(
    () => highestAnswered,
    (version, highestBefore) => {
      highestAnswered = Math.max(highestAnswered, version)
      if (version < highestBefore) return `version ${version} answered after version ${highestBefore} had`
      return version > newest ? `version ${version} answered before it was champion` : undefined
    },
  )
  try {
    for (let promotion = 1; promotion <= PROMOTIONS; promotion += 1) {
      const { version } = await platform.addVersion('house-price', times(promotion + 1))
      newest = version
      await platform.promote('house-price', version)
      await until(`version ${version} answers`, () => highestAnswered === version)
      await more(load, REQUESTS_EACH)
    }
  } finally {
    await load.stop()
  }
  assert.deepEqual(load.failures.slice(0, 5), [])
  assert.ok(load.answered() >= PROMOTIONS * REQUESTS_EACH)
  // Every caller has seen every version, for many requests lay between them.
  const all = Array.from({ length: PROMOTIONS + 1 }, (_, index) => index + 1)
  for (const versions of load.seen) assert.deepEqual(versions, all)
})

test('a rollback under load takes effect, and the version that was rolled back answers no more', async () => {
  const newest = PROMOTIONS + 1
  let rolledBack = false
  const load = startLoad(
    () => rolledBack,
    (version, after) => {
      if (version === newest - 1) rolledBack = true
      return after && version !== newest - 1 ? `version ${version} answered after the rollback` : undefined
    },
  )
  try {
    await more(load, REQUESTS_EACH)
    assert.equal(await platform.rollback('house-price'), newest - 1)
    await until('the version before answers', () => rolledBack)
    await more(load, REQUESTS_EACH)
  } finally {
    await load.stop()
  }
  assert.deepEqual(load.failures.slice(0, 5), [])
  for (const versions of load.seen) assert.deepEqual(versions, [newest, newest - 1])
})

test('promotions in quick succession end with the newest, and a version that does not load costs no request', async () => {
  const load = startLoad(
    () => undefined,
    () => undefined,
  )
  try {
    await more(load, REQUESTS_EACH)
    const first = PROMOTIONS + 2
    for (let version = first; version < first + 9; version += 1) await platform.publish('house-price', version % 3 === 0 ? 'nonsense(' : times(version))
    await platform.publish('house-price', times(first + 9))
    await untilLive(url, 'house-price', first + 9)
    await more(load, REQUESTS_EACH)
  } finally {
    await load.stop()
  }
  assert.deepEqual(load.failures.slice(0, 5), [])
})

test('a request under way is answered by the version it began with, though another is promoted meanwhile', async () => {
  // It answers only when the version after it is live.
  const asked = `await fetch(${JSON.stringify(url)} + '/health'); if (rows[0].rooms === 0) return [0]; for (;;) { const { version } = await (await fetch(${JSON.stringify(url)} + '/models/slow')).json(); if (version === 2) return rows.map(() => 1) }`
  await platform.publish('slow', `return (async () => { ${asked} })()`)
  await untilLive(url, 'slow', 1)
  const answer = predict(url, 'slow', [{ rooms: 1 }])
  await platform.publish('slow', times(2))
  assert.deepEqual((await answer).json, { model: 'slow', version: 1, predictions: [1] })
  assert.deepEqual((await predict(url, 'slow', [{ rooms: 1 }])).json, { model: 'slow', version: 2, predictions: [2] })
})

test('when the process is asked to end, requests under way are answered first', async () => {
  await platform.publish('slow', 'return new Promise((resolve) => setTimeout(() => resolve(rows.map(() => 3)), rows[0].rooms))')
  await untilLive(url, 'slow', 3)
  const answer = predict(url, 'slow', [{ rooms: 2000 }])
  // It has arrived when one that came later has been answered.
  await predict(url, 'slow', [{ rooms: 1 }])
  const [ended, { status, json }] = await Promise.all([endServing(platform.stateFolder), answer])
  assert.ok(ended)
  assert.deepEqual({ status, json }, { status: 200, json: { model: 'slow', version: 3, predictions: [3] } })
})
