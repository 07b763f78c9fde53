import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startTimeOf } from './proc.js'

test('a process that has ended has no start time, also while its parent has not asked for its end', async (t) => {
  // The shell becomes `sleep`, which never asks after the child it has been given.
  const parent = spawn('sh', ['-c', 'sleep 0.01 & echo $!; exec sleep 100'], { stdio: ['ignore', 'pipe', 'ignore'] })
  t.after(() => parent.kill('SIGKILL'))
  const child = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)))
  while ((await startTimeOf(child)) !== undefined) await delay(5)
  assert.equal(process.kill(child, 0), true, 'its entry is still there')
  assert.notEqual(await startTimeOf(process.pid), undefined)
})
