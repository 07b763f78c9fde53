import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { endServing, ensureServing } from '../../src/roles/serving-process.js'
import type { ProcessNote } from '../../src/roles/state.js'
import { startHttpLoad, type Answered } from '../support/http-load.js'
import { predict, send, until, untilLive, untilReady } from './endpoint.js'
import { startPlatform, times, type Platform } from './platform.js'

let platform: Platform
let serving: ProcessNote
before(async () => {
  platform = await startPlatform('house-price')
  await platform.publish('house-price', times(2))
  const { stateFolder, databaseUrl } = platform
  serving = await ensureServing({ stateFolder, databaseUrl, bind: '127.0.0.1', port: 0, hosts: [], origins: [] }, '0.1.0')
  await untilLive(serving.url, 'house-price', 1)
  await untilReady(serving.url)
})
after(async () => {
  await endServing(platform.stateFolder)
  await platform.stop()
})

test('while a process drains it says that it is not ready, answers all the same, and no caller of a kept connection fails', async () => {
  const answers: Answered[] = []
  const running = startHttpLoad({ url: serving.url, path: '/models/house-price/predict', body: JSON.stringify({ rows: [{ rooms: 3 }] }), connections: 8, perSecond: 200, onAnswer: (answered) => answers.push(answered) })
  await until('some are answered', () => answers.length > 20)
  const ended = endServing(platform.stateFolder)
  await until('it says that it drains', async () => {
    const ready = await send(`${serving.url}/ready`)
    return ready.status === 503 && JSON.stringify(ready.json) === '{"status":"draining"}'
  })
  for (const path of ['/v2/health/ready', '/ping']) assert.equal((await send(`${serving.url}${path}`)).status, 503, path)
  assert.equal((await predict(serving.url, 'house-price', [{ rooms: 1 }])).status, 200)
  assert.ok(await ended)
  await running.stop()
  // At the end nobody listens: those who came too late could not connect, or were still in the line of the system's own.
  const failed = answers.filter(({ status }) => status !== 200)
  const refused = failed.filter(({ status, body }) => status === 0 && body.includes('ECONNREFUSED'))
  assert.ok(failed.length - refused.length <= 2, failed.map(({ status, body }) => `${status} ${body}`).join('\n'))
})
