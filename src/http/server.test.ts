import assert from 'node:assert/strict'
import { Agent, get } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import pino from 'pino'
import { createServer } from './server.js'

test('a server that closes answers what is under way, and waits for no connection that is kept', async () => {
  const { app } = createServer({
    access: { bind: '127.0.0.1', hosts: [], origins: [], tokens: [] },
    log: pino({ level: 'silent' }),
    openRoutes: new Set(['/slow']),
    offered: 'something slow',
    bodyLimit: 1024,
  })
  let begun: () => void = () => undefined
  const hasBegun = new Promise<void>((resolve) => {
    begun = resolve
  })
  let answer: () => void = () => undefined
  const mayAnswer = new Promise<void>((resolve) => {
    answer = resolve
  })
  app.get('/slow', async () => {
    begun()
    await mayAnswer
    return { status: 'answered' }
  })
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  const agent = new Agent({ keepAlive: true })
  const answered = new Promise<number | undefined>((resolve, reject) => {
    get(`${address}/slow`, { agent }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode))
    }).once('error', reject)
  })
  await hasBegun
  let isClosed = false
  const closed = app.close().then(() => {
    isClosed = true
  })
  assert.equal(isClosed, false)
  answer()
  assert.equal(await answered, 200)
  // The caller keeps its end open: the server does not wait for the time after which it would let go by itself.
  const gaveUp = new AbortController()
  await Promise.race([closed, untilGivenUp(gaveUp.signal)])
  gaveUp.abort()
  assert.equal(isClosed, true, 'the server still waits for an idle connection')
  agent.destroy()
  await closed
})

/** More bytes than the buffers of both ends hold. */
const LARGE = 64 * 1024 * 1024

test('a connection whose caller does not take its answer is closed in the end, and no other one', { timeout: 60_000 }, async (context) => {
  const { app } = createServer({
    access: { bind: '127.0.0.1', hosts: [], origins: [], tokens: [] },
    log: pino({ level: 'silent' }),
    openRoutes: new Set(['/large', '/small']),
    offered: 'something large and something small',
    bodyLimit: 1024,
    patience: { requestMs: 60_000, connections: 10, takeMs: 1000, leaveMs: 0 },
  })
  app.get('/large', () => 'x'.repeat(LARGE))
  app.get('/small', () => 'x')
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const { hostname, port } = new URL(address)
  const slow = connect(Number(port), hostname)
  context.after(async () => {
    agent.destroy()
    slow.destroy()
    await app.close()
  })
  await askSmall(address, agent)
  const closed = new Promise<void>((resolve) => {
    app.server.prependOnceListener('request', (_request, response) => {
      response.once('close', () => resolve())
    })
  })
  slow.on('error', () => undefined).pause().write('GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
  await closed
  let received = 0
  slow.on('data', (chunk: Buffer) => {
    received += chunk.length
  })
  await new Promise((resolve) => slow.once('close', resolve).resume())
  assert.ok(received < LARGE, `all ${received} bytes have arrived`)
  assert.equal(await askSmall(address, agent), true)
})

/** Whether it went over a connection that there was. */
function askSmall(address: string, agent: Agent): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const asked = get(`${address}/small`, { agent }, (response) => response.resume().once('end', () => resolve(asked.reusedSocket))).once('error', reject)
  })
}

function untilGivenUp(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 20_000)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
