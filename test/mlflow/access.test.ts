import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parseTokens, roles } from '../../src/http/access.js'
import type { DeclaredRoute } from '../../src/http/server.js'
import { mlflowOpenRoutes } from '../../src/mlflow/app.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'
import { ask, askAsWritten } from './running-mlflow.js'
import { startMlflowRoutes } from './running-routes.js'

const secrets = { viewer: 'viewer-secret-0123456789', operator: 'operator-secret-0123456789', admin: 'admin-secret-0123456789' }
const tokens = parseTokens(roles.map((role) => `${role}s:${role}:${secrets[role]}`).join(' '))

let database: RunningDatabase
let url: string
let routes: readonly DeclaredRoute[]
let stop: () => Promise<void>
before(async () => {
  database = await startDatabase()
  ;({ url, routes, stop } = await startMlflowRoutes(database.database, { tokens }))
})
after(async () => {
  await stop()
  await database.stop()
})

/** A path that reaches the route, whatever it then answers. */
function pathOf(route: string): string {
  return route.replaceAll(/:\w+/g, 'nobody').replaceAll('*', 'nobody')
}

function isWriting({ method, url: route }: DeclaredRoute): boolean {
  const reading = ['/search', '/get-latest-versions', '/search-datasets'].some((ending) => route.endsWith(ending))
  return !['GET', 'HEAD', 'OPTIONS'].includes(method) && !reading
}

test('whoever writes is an operator, whoever reads a viewer, and only health, version and the page that asks are open', () => {
  assert.ok(routes.length > 120, String(routes.length))
  for (const route of routes) {
    const expected = mlflowOpenRoutes.has(route.url) ? undefined : isWriting(route) ? 'operator' : 'viewer'
    assert.equal(route.role, expected, `${route.method} ${route.url}`)
  }
})

test('every route refuses strangers, and those below its role, in the form of MLflow', async () => {
  const wrong: string[] = []
  for (const { method, url: route, role } of routes) {
    if (role === undefined) continue
    const expect = async (token: string | undefined, status: number, code: string): Promise<void> => {
      const answer = await askAsWritten(url, method, pathOf(route), token === undefined ? {} : { Authorization: `Bearer ${token}` })
      if (answer.status !== status || (method !== 'HEAD' && !answer.text.includes(`"error_code":"${code}"`))) wrong.push(`${method} ${route}: ${answer.status} ${answer.text.slice(0, 100)}`)
    }
    await expect(undefined, 401, 'UNAUTHENTICATED')
    await expect('not-a-token-at-all-0000', 401, 'UNAUTHENTICATED')
    if (role === 'operator') await expect(secrets.viewer, 403, 'PERMISSION_DENIED')
  }
  assert.deepEqual(wrong, [])
})

test('the files of a version are its package: operators may take them, and whoever reads may only know of them', async () => {
  const path = '/api/2.0/mlflow-artifacts/artifacts/refit-models/house-price/7/model.ydf.zip'
  const asked = (secret: string): ReturnType<typeof ask> => ask(url, 'GET', path, undefined, { Authorization: `Bearer ${secret}` })
  const [viewer, operator] = [await asked(secrets.viewer), await asked(secrets.operator)]
  assert.deepEqual([viewer.status, operator.status], [403, 404])
  assert.match(viewer.text, /"error_code":"PERMISSION_DENIED"/)
})

test('every route refuses strange hosts and strange pages', async () => {
  const wrong: string[] = []
  for (const { method, url: route } of routes) {
    for (const headers of [{ Host: 'evil.example' }, { Host: '127.0.0.1.evil.example' }, { Origin: 'http://evil.example' }, { Origin: 'null' }]) {
      const answer = await askAsWritten(url, method, pathOf(route), { ...headers, Authorization: `Bearer ${secrets.admin}` })
      if (answer.status !== 403) wrong.push(`${method} ${route} ${JSON.stringify(headers)}: ${answer.status}`)
    }
  }
  assert.deepEqual(wrong, [])
})

test('a token is also taken as the password of basic authentication', async () => {
  const basic = (password: string): Readonly<Record<string, string>> => ({ Authorization: `Basic ${Buffer.from(`anybody:${password}`).toString('base64')}` })
  const path = '/api/2.0/mlflow/experiments/get?experiment_id=0'
  assert.equal((await ask(url, 'GET', path, undefined, basic(secrets.viewer))).status, 200)
  assert.equal((await ask(url, 'GET', path, undefined, basic('wrong'))).status, 401)
  assert.equal((await ask(url, 'POST', '/api/2.0/mlflow/runs/create', {}, basic(secrets.viewer))).status, 403)
  assert.equal((await ask(url, 'POST', '/api/2.0/mlflow/runs/create', {}, basic(secrets.operator))).status, 200)
})
