import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import Fastify from 'fastify'
import { openRoutes } from '../../src/api/open-api.js'
import { parseTokens, requireDeclaredRole, requireTokensBeyondLoopback, roles } from '../../src/http/access.js'
import { call, textOf } from '../../src/cli/http.js'
import { RefitError } from '../../src/errors.js'
import { startApi, type RunningApi } from './running-api.js'

const secrets = { viewer: 'viewer-secret-0123456789', operator: 'operator-secret-0123456789', admin: 'admin-secret-0123456789' }
const tokens = roles.map((role) => `${role}s:${role}:${secrets[role]}`).join(' ')

let api: RunningApi
before(async () => {
  api = await startApi({ tokens })
})
after(() => api.stop())

/** A path that reaches the route, whatever it then answers. */
function pathOf(url: string): string {
  return url.replaceAll(':model', 'nobody').replaceAll(':version', '1').replaceAll(':id', 'nobody-1')
}

async function ask(method: string, url: string, token?: string): Promise<number> {
  const headers = { ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }), 'Content-Type': 'application/json' }
  const answer = await fetch(`${api.url}${pathOf(url)}`, { method, headers, ...(method === 'POST' ? { body: '{}' } : {}), signal: AbortSignal.timeout(10_000) })
  await answer.body?.cancel()
  return answer.status
}

test('every route declares a role or is open', () => {
  assert.ok(api.routes.length > 20)
  for (const { url, role } of api.routes) assert.equal(role === undefined, openRoutes.has(url), url)
})

test('a route without a role keeps the server from starting', () => {
  const app = Fastify()
  app.addHook('onRoute', (route) => requireDeclaredRole(route, openRoutes))
  assert.throws(() => app.get('/api/v1/forgotten', () => 'x'), /must declare a role/)
  assert.throws(() => app.get('/api/v1/health', { config: { role: 'viewer' } }, () => 'x'), /must not declare a role/)
})

test('each route answers those of its role and above, and refuses those below and strangers', async () => {
  const wrong: string[] = []
  for (const { method, url, role, authenticatesItself } of api.routes) {
    if (url.endsWith('/events/stream') || url.endsWith('/shutdown')) continue
    const expect = async (who: string, token: string | undefined, refused: number | undefined): Promise<void> => {
      const status = await ask(method, url, token)
      const right = refused === undefined ? status !== 401 && status !== 403 : status === refused
      if (!right) wrong.push(`${method} ${url} answers ${who} with ${status}`)
    }
    if (authenticatesItself) {
      // None of our tokens is one of its own; what is not a delivery only tells that it is there.
      for (const token of [undefined, 'not-a-token-at-all-0000', ...Object.values(secrets)]) await expect(`with ${token ?? 'nothing'}`, token, method === 'POST' || method === 'OPTIONS' ? 401 : undefined)
      continue
    }
    await expect('nobody', undefined, role === undefined ? undefined : 401)
    await expect('a stranger', 'not-a-token-at-all-0000', 401)
    for (const caller of roles) {
      const allowed = role === undefined || roles.indexOf(caller) >= roles.findIndex((known) => known === role)
      await expect(`a ${caller}`, secrets[caller], allowed ? undefined : 403)
    }
  }
  assert.deepEqual(wrong, [])
})

test('only an admin may shut down, and the answer comes before the end', async () => {
  assert.equal(await ask('POST', '/api/v1/project/shutdown', secrets.operator), 403)
  assert.equal(api.shutdowns(), 0)
  assert.equal(await ask('POST', '/api/v1/project/shutdown', secrets.admin), 202)
  assert.equal(api.shutdowns(), 1)
})

test('tokens are read from text, and what is wrong with them is said', () => {
  assert.deepEqual(
    parseTokens('a:viewer:0123456789abcdef, b:admin:sec:ret:0123456789').map(({ name, role }) => [name, role]),
    [
      ['a', 'viewer'],
      ['b', 'admin'],
    ],
  )
  for (const [text, fault] of [
    ['a:root:0123456789abcdef', /no role/],
    ['a:admin:short', /shorter than 16/],
    [':admin:0123456789abcdef', /no plain name/],
    ['a:admin:0123456789abcdef a:viewer:0123456789abcdef', /Two tokens/],
  ] as const) {
    assert.throws(() => parseTokens(text), (error) => error instanceof RefitError && error.code === 'tokens-invalid' && fault.test(error.message), text)
  }
})

test('beyond loopback nobody starts without tokens', () => {
  const some = parseTokens('a:viewer:0123456789abcdef')
  for (const bind of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) requireTokensBeyondLoopback(bind, [])
  for (const bind of ['0.0.0.0', '::', '192.168.1.7', '127.0.0.1.example.com', 'host']) {
    assert.throws(() => requireTokensBeyondLoopback(bind, []), (error) => error instanceof RefitError && error.code === 'tokens-required', bind)
    requireTokensBeyondLoopback(bind, some)
  }
})

test('every route, also one that is not there, refuses strange hosts and strange pages', async () => {
  const wrong: string[] = []
  for (const { method, url } of [...api.routes, { method: 'GET', url: '/nowhere' }]) {
    for (const [headers, code] of [
      [{ Host: 'evil.example' }, 'host-not-allowed'],
      [{ Origin: 'http://evil.example' }, 'origin-not-allowed'],
    ] as const) {
      const answer = await call({ method: method === 'POST' ? 'POST' : 'GET', url: `${api.url}${pathOf(url)}`, headers: { ...headers, Authorization: `Bearer ${secrets.admin}` } })
      const body = await textOf(answer)
      if (answer.statusCode !== 403 || !body.includes(code)) wrong.push(`${method} ${url} ${code}: ${answer.statusCode ?? 0} ${body.slice(0, 80)}`)
    }
  }
  assert.deepEqual(wrong, [])
})
