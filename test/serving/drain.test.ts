import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { endServing, ensureServing } from '../../src/roles/serving-process.js'
import type { ProcessNote } from '../../src/roles/state.js'
import { startTestLoad, type Answered } from '../support/http-load.js'
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

test('while a process drains it says that it is not ready, answers all the same, and no caller of a kept connection fails', async (t) => {
  const answers: Answered[] = []
  const running = startTestLoad(t, { url: serving.url, path: '/models/house-price/predict', body: JSON.stringify({ rows: [{ rooms: 3 }] }), connections: 8, perSecond: 200, onAnswer: (answered) => answers.push(answered) })
  await until('some are answered', () => answers.length > 20)
  // Somebody who stays: without anybody connected the process need not wait.
  const staying = await keptConnection(serving.url)
  t.after(() => staying.destroy())
  const ended = endServing(platform.stateFolder)
  await until('it says that it drains', async () => {
    const ready = await send(`${serving.url}/ready`)
    return ready.status === 503 && JSON.stringify(ready.json) === '{"status":"draining"}'
  })
  // All at once, for it does not wait for long.
  const [answered, ...ready] = await Promise.all([predict(serving.url, 'house-price', [{ rooms: 1 }]), ...['/v2/health/ready', '/ping'].map((path) => send(`${serving.url}${path}`))])
  assert.deepEqual([answered.status, ...ready.map(({ status }) => status)], [200, 503, 503])
  assert.ok(await ended)
  await running.stop()
  const failed = answers.filter(({ status }) => status !== 200)
  // Whoever connects when nobody listens any more, or waits in the line of the system's own then, is refused or reset.
  const lost = failed.filter(({ status, kept }) => status !== 0 || kept)
  assert.deepEqual(lost, [])
  const lastAnswered = Math.max(...answers.filter(({ status }) => status === 200).map(({ sent }) => sent))
  assert.ok(failed.every(({ received }) => received >= lastAnswered), 'nobody is turned away before the end')
})

/** A connection that has been answered, and is kept. */
async function keptConnection(url: string): Promise<Socket> {
  const { hostname, port, host } = new URL(url)
  const socket = connect(Number(port), hostname).on('error', () => undefined)
  socket.write(`GET /health HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  await once(socket, 'data')
  return socket
}
