import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startTimeOf } from '../processes/proc.js'
import type { SpoolHead } from './logged-answer.js'
import { closedFiles, openSpool } from './spool.js'

const head: SpoolHead = { formatVersion: 1, model: 'm', version: 1, task: 'regression', columns: [], classes: [] }

async function temporary(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-spool-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

test('a file is read when it is closed, and not while its process writes to it', async (t) => {
  const folder = await temporary(t)
  let now = 0
  const spool = await openSpool({ folder, now: () => now })
  await spool.append(head, '{"id":1}\n')
  await spool.closeRipe()
  assert.deepEqual(await closedFiles(folder), [])
  now = 5000
  await spool.closeRipe()
  const [path = ''] = await closedFiles(folder)
  assert.equal(await readFile(path, 'utf8'), `${JSON.stringify(head)}\n{"id":1}\n`)
  await spool.append(head, '{"id":2}\n')
  await spool.close()
  assert.equal((await closedFiles(folder)).length, 2)
})

test('files of another version are other files', async (t) => {
  const folder = await temporary(t)
  const spool = await openSpool({ folder, now: () => 0 })
  for (const version of [1, 2, 1]) await spool.append({ ...head, version }, '{}\n')
  await spool.close()
  assert.equal((await closedFiles(folder)).length, 2)
})

test('what a process that was killed leaves open is closed by whoever looks, and that of another life of its id too', async (t) => {
  const folder = await temporary(t)
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  const { pid } = child
  assert.ok(pid !== undefined)
  const name = `${pid}-${(await startTimeOf(pid)) ?? ''}-a.ndjson`
  await writeFile(join(folder, `${name}.open`), 'half a li')
  await writeFile(join(folder, `${process.pid}-1-b.ndjson.open`), '')
  assert.deepEqual((await closedFiles(folder)).map((path) => basename(path)), [`${process.pid}-1-b.ndjson`])
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.deepEqual((await closedFiles(folder)).map((path) => basename(path)).toSorted(), [`${process.pid}-1-b.ndjson`, name].toSorted())
  assert.deepEqual((await readdir(folder)).filter((each) => each.endsWith('.open')), [])
})

test('where nothing was ever logged there is nothing to read', async (t) => {
  assert.deepEqual(await closedFiles(join(await temporary(t), 'none')), [])
})
