import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { codeBlocksOf, readPage } from './pages.js'

const page = 'docs/own-rules.md'

test('the program of docs/own-rules.md answers what the page says', async (t) => {
  const program = codeBlocksOf(page, readPage(page)).find(({ language }) => language === 'python')
  assert.ok(program !== undefined)
  const folder = await mkdtemp(join(tmpdir(), 'refit-own-rules-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'check.py'), program.code)
  for (const [rows, expected] of [
    ['3\n4.5', { answer: 'passed', explanation: '0 of 2 forecasts are negative', figures: { negative: 0 } }],
    ['3\n-4.5', { answer: 'failed', explanation: '1 of 2 forecasts are negative', figures: { negative: 1 } }],
  ] as const) {
    await writeFile(join(folder, 'rows.csv'), `refit_candidate\n${rows}\n`)
    const answer = join(folder, 'answer.json')
    const ended = spawnSync('python3', [join(folder, 'check.py')], { env: { PATH: process.env['PATH'], REFIT_ROWS: folder, REFIT_ANSWER: answer }, encoding: 'utf8' })
    assert.equal(ended.status, 0, ended.stderr)
    assert.deepEqual(JSON.parse(await readFile(answer, 'utf8')), expected)
  }
})
