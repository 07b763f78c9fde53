import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { refit, type Finished } from '../cli/refit-process.js'
import { startRefitMlflow } from './running-mlflow.js'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'refit-mlflow-command-'))
})
after(() => rm(folder, { recursive: true, force: true }))

/** `refit mlflow`, which does not start. */
async function refused(named: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Finished> {
  const ended = await refit(['mlflow', '--port', '0', '--state', join(folder, 'state'), ...named], { environment })
  assert.equal(ended.code, 1, ended.out)
  assert.doesNotMatch(ended.error, / {4}at |This is a bug/)
  return ended
}

test('where its port is taken, the hint names the flag that chooses another one', async (t) => {
  const running = await startRefitMlflow()
  t.after(() => running.stop())
  const { port } = new URL(running.url)
  const { error } = await refused(['--port', port])
  assert.match(error, new RegExp(`127\\.0\\.0\\.1:${port} cannot be bound: another program listens there\\n.*choose another port: --port\\.`))
  assert.doesNotMatch(error, /refit\.config\.ts/)
})

test('a folder that nothing can be kept in is told, whatever is wrong with it', async () => {
  const file = join(folder, 'a-file')
  await writeFile(file, '')
  for (const state of [file, join(file, 'below')]) assert.match((await refused(['--state', state])).error, new RegExp(`The state cannot be kept in ${state}: E\\w+.*\\n.*--state of`))
})

test('a name that no machine has is told', async () => {
  assert.match((await refused(['--bind', 'nobody.invalid'], { REFIT_TOKENS: 'ann:admin:0123456789abcdef' })).error, /nobody\.invalid:0 cannot be bound: (?:there is no machine of that name|nobody answers who that name is)/)
})

test('a database that cannot be used is told, without its password', async () => {
  for (const [url, told] of [
    ['nonsense', /The database nonsense cannot be used: it is not written as an address of PostgreSQL/],
    ['postgres://ann:pass-word@127.0.0.1:1/theirs', /The database postgres:\/\/…@127\.0\.0\.1:1\/theirs cannot be used: .*ECONNREFUSED/],
    ['postgres://ann:pass-word@[/theirs', /cannot be used: /],
  ] as const) {
    const { error } = await refused(['--database', url])
    assert.match(error, told)
    assert.ok(!error.includes('pass-word'), error)
  }
})
