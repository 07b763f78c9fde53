import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { ask, startRefitMlflow, type RunningMlflow } from './running-mlflow.js'

const api = '/api/2.0/mlflow'
const browser = ['chromium', 'chromium-browser', 'google-chrome'].find((name) => spawnSync(name, ['--version']).status === 0)
const needsBrowser = browser === undefined ? { skip: 'there is no chromium here' } : {}

const HOSTILE = '<img src=x onerror="document.title=1">&amp;'
const SECRET = 'viewer-secret-0123456789'

let server: RunningMlflow
let closed: RunningMlflow
before(async () => {
  server = await startRefitMlflow()
  closed = await startRefitMlflow({ tokens: `ann:viewer:${SECRET}` })
})
after(async () => {
  await server.stop()
  await closed.stop()
})

const Created = Type.Object({ run: Type.Object({ info: Type.Object({ run_id: Type.String() }) }) })

async function newRun(name: string): Promise<string> {
  return Value.Parse(Created, (await ask(server.url, 'POST', `${api}/runs/create`, { experiment_id: '0', run_name: name, start_time: 1 })).body).run.info.run_id
}

/** What a browser makes of an address, as markup, once its script has run. */
function rendered(address: string): string {
  const profile = mkdtempSync(join(tmpdir(), 'refit-browser-'))
  try {
    const { stdout, stderr, status } = spawnSync(browser ?? '', ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile}`, '--virtual-time-budget=20000', '--dump-dom', address], { encoding: 'utf8', timeout: 120_000 })
    assert.equal(status, 0, stderr)
    return stdout.replace(/<script>[^]*?<\/script>/, '')
  } finally {
    rmSync(profile, { recursive: true, force: true })
  }
}

test('the page is open and the same for everybody, runs its own script alone and loads nothing else', async () => {
  for (const { url } of [server, closed]) {
    const { status, headers, text } = await ask(url, 'GET', '/')
    assert.equal(status, 200)
    assert.equal(headers.get('content-type'), 'text/html; charset=utf-8')
    const policy = headers.get('content-security-policy') ?? ''
    const scripts = [...text.matchAll(/<script>([^]*?)<\/script>/g)].map(([, script = '']) => createHash('sha256').update(script).digest('base64'))
    assert.deepEqual(scripts.map((hash) => policy.includes(`script-src 'sha256-${hash}';`)), [true])
    assert.match(policy, /^default-src 'none'; .*connect-src 'self'; .*frame-ancestors 'none'/)
    assert.doesNotMatch(policy, /script-src[^;]*unsafe/)
    assert.doesNotMatch(text, /<(?:img|link|iframe|object)|\s(?:src|href)=|url\(|innerHTML|insertAdjacent|https?:\/\//)
  }
})

test('the address that clients print shows the run: its state, last metrics, parameters, files and tags, and every value as text', needsBrowser, async () => {
  const run = await newRun(HOSTILE)
  await ask(server.url, 'POST', `${api}/runs/log-batch`, { run_id: run, params: [{ key: 'depth', value: HOSTILE }], tags: [{ key: 'team', value: HOSTILE }], metrics: [{ key: 'loss', value: 0.5, timestamp: 1, step: 1 }, { key: 'loss', value: 0.25, timestamp: 2, step: 2 }, { key: 'none', value: 'NaN', timestamp: 2 }, { key: 'nanoseconds', value: 1, timestamp: 1.7e18 }] })
  await ask(server.url, 'PUT', `/api/2.0/mlflow-artifacts/artifacts/0/${run}/artifacts/notes.txt`, 'well')
  await ask(server.url, 'POST', `${api}/runs/update`, { run_id: run, status: 'FINISHED', end_time: 2000 })
  const page = rendered(`${server.url}/#/experiments/0/runs/${run}`)
  const shown = '&lt;img src=x onerror="document.title=1"&gt;&amp;amp;'
  assert.ok(page.includes(`<h1>${shown}</h1>`), page)
  for (const part of ['>finished<', `<td>depth</td><td>${shown}</td>`, `<td>team</td><td>${shown}</td>`, '<td>loss</td><td>0.25</td><td>2</td>', '<td>none</td><td>NaN</td>', `href="get-artifact?run_id=${run}&amp;path=notes.txt"`]) assert.ok(page.includes(part), `${part}\n${page}`)
  assert.doesNotMatch(page, /<img/)
})

test('an experiment shows its runs, the root its experiments, and what there is not is told in words', needsBrowser, async () => {
  const run = await newRun('listed')
  assert.ok(rendered(`${server.url}/#/experiments/0`).includes(`<a href="#/experiments/0/runs/${run}">listed</a>`))
  assert.ok(rendered(server.url).includes('<a href="#/experiments/0">Default</a>'))
  assert.match(rendered(`${server.url}/#/experiments/0/runs/none`), /Run with id=none not found/)
})

test('where the API needs a token, the page asks for it and shows nothing', needsBrowser, () => {
  const page = rendered(`${closed.url}/#/experiments/0`)
  assert.match(page, /A token is needed.*type="password"/s)
  assert.doesNotMatch(page, /Default/)
})
