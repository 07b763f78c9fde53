import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Value } from 'typebox/value'
import { isDeadlocked } from './deadlock.js'
import { Verdict } from './verdict.js'

test('a verdict of format 1, as former releases have stored it, is read whole', () => {
  const stored: unknown = JSON.parse(readFileSync(new URL('../../../test/fixtures/verdicts/format-1.json', import.meta.url), 'utf8'))
  const verdict = Value.Parse(Verdict, stored)
  assert.deepEqual(verdict, stored)
  assert.equal(verdict.formatVersion, 1)
  assert.equal(verdict.rules.length, 4)
  assert.equal(isDeadlocked(verdict), false)
})

test('a verdict of a later format is refused, not misread', () => {
  const stored: unknown = JSON.parse(readFileSync(new URL('../../../test/fixtures/verdicts/format-1.json', import.meta.url), 'utf8'))
  assert.ok(typeof stored === 'object')
  assert.throws(() => Value.Parse(Verdict, { ...stored, formatVersion: 3 }))
})
