import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawnBar } from './import-progress.js'

test('a bar is empty at first, full when all is done or there was nothing, and never longer', () => {
  assert.equal(drawnBar(0, 5), '─'.repeat(24))
  assert.equal(drawnBar(1, 2), `${'━'.repeat(12)}${'─'.repeat(12)}`)
  for (const [done, of] of [[5, 5], [0, 0], [7, 5]] as const) assert.equal(drawnBar(done, of), '━'.repeat(24))
})
