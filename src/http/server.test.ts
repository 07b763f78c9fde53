import assert from 'node:assert/strict'
import { Agent, get } from 'node:http'
import { test } from 'node:test'
import pino from 'pino'
import { createServer } from './server.js'

test('a server that closes answers what is under way, and waits for no connection that is kept', async () => {
  const { app } = createServer({
    access: { bind: '127.0.0.1', hosts: [], origins: [], tokens: [] },
    log: pino({ level: 'silent' }),
    openRoutes: new Set(['/slow']),
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

function untilGivenUp(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 20_000)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
