import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredRule } from '../define/stored-definition.js'
import { judgeLatency, judgePackageSize, unmeasuredLatency } from './serving-rules.js'

const size = { kind: 'packageSize', bytes: 50_000_000 } as const satisfies StoredRule
const latency = { kind: 'latency', milliseconds: 5, rows: 1, percentile: 95 } as const satisfies StoredRule

test('a package may have as many bytes as it is allowed, and not one more', () => {
  assert.equal(judgePackageSize(size, 50_000_000).answer, 'passed')
  const failed = judgePackageSize(size, 52_400_000, { version: 3, value: 900 })
  assert.equal(failed.answer, 'failed')
  assert.equal(failed.explanation, 'The package has 52.4 MB, 2.4 MB too much; at most 50 MB is asked for. That of version 3 has 900 bytes.')
  assert.deepEqual(failed.size, { candidate: 52_400_000, champion: 900 })
})

test('the percentile of the measured times decides, not their mean or largest', () => {
  const times = Array.from({ length: 200 }, (_, index) => (index < 190 ? 1 : 100))
  const passed = judgeLatency(latency, times, { version: 3, times: times.map((time) => 2 * time) })
  assert.equal(passed.answer, 'passed')
  assert.equal(passed.explanation, 'A request of one row takes 1 ms at the 95th percentile of 200; at most 5 ms is asked for. Version 3 takes 2 ms.')
  const failed = judgeLatency(latency, [...times, 100])
  assert.equal(failed.answer, 'failed')
  assert.match(failed.explanation, /takes 100 ms at the 95th percentile of 201, 95 ms too long; at most 5 ms is asked for\.$/)
  assert.deepEqual(failed.timing, { candidate: 100, requests: 201 })
})

test('too few requests to know the percentile settle nothing, and requests that break fail closed', () => {
  assert.equal(judgeLatency(latency, Array.from({ length: 199 }, () => 1)).answer, 'inconclusive')
  const broken = unmeasuredLatency({ ...latency, rows: 1000 }, 'it takes one row at a time')
  assert.deepEqual([broken.answer, broken.explanation], ['failed', 'Requests of 1,000 rows could not be measured: it takes one row at a time.'])
})
