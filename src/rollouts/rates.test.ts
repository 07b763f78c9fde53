import assert from 'node:assert/strict'
import { test } from 'node:test'
import { differenceAtLeast, shareInterval } from './rates.js'

const rounded = (value: number): number => Number(value.toFixed(4))

test("Wilson's interval is the published one", () => {
  // R. G. Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3.
  const { low, high } = shareInterval({ count: 15, of: 148 }, 1.959964)
  assert.deepEqual([rounded(low), rounded(high)], [0.0624, 0.1605])
  const none = shareInterval({ count: 0, of: 20 }, 1.959964)
  assert.deepEqual([rounded(none.low), rounded(none.high)], [0, 0.1611])
  assert.deepEqual(shareInterval({ count: 0, of: 0 }, 3), { low: 0, high: 1 })
})

test("the lower bound of a difference is Newcombe's", () => {
  // R. G. Newcombe, "Interval estimation for the difference between independent proportions" (1998), table II, method 10.
  assert.equal(rounded(differenceAtLeast({ count: 56, of: 70 }, { count: 48, of: 80 }, 1.959964)), 0.0524)
  assert.equal(rounded(differenceAtLeast({ count: 10, of: 10 }, { count: 0, of: 20 }, 1.959964)), 0.6791)
})

test('nothing is proven where one side has not been asked', () => {
  assert.equal(differenceAtLeast({ count: 0, of: 0 }, { count: 0, of: 100 }, 3), -1)
  assert.equal(differenceAtLeast({ count: 100, of: 100 }, { count: 0, of: 0 }, 3), -1)
})
