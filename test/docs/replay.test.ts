import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from './pages.js'

test('the tables of the page on the replay are those that the replay has written', () => {
  const rowsOf = (path: string): readonly string[] => readFileSync(join(root, path), 'utf8').split('\n').filter((line) => line.startsWith('|'))
  const written = new Set(rowsOf('bench/RESULTS.md'))
  const shown = rowsOf('docs/replay.md')
  assert.ok(shown.length > 10)
  for (const row of shown) assert.ok(written.has(row), row)
})
