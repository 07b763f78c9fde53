import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dropSteps } from './drop-steps.js'

function stepsOf(codes: readonly string[], source = 'folder:drops'): string {
  const faults = codes.map((code) => ({ code, message: `${code}.` }))
  return dropSteps({ id: 'sales-d4', model: 'sales', state: 'quarantined', source, reason: { faults }, decision: undefined }).join('\n')
}

test('what can be done about a drop in quarantine follows from its faults', () => {
  assert.match(stepsOf(['implausible-repeats']), /^`refit drops discard sales-d4/)
  assert.match(stepsOf(['implausible-values']), /Deliver the file mended; or `refit drops release sales-d4/)
  assert.doesNotMatch(stepsOf(['implausible-values']), /contract accept/)
  for (const codes of [['missing-value'], ['unexpected-column', 'missing-column'], ['implausible-values', 'wrong-type']]) {
    assert.match(stepsOf(codes), /`refit contract accept sales-d4 --preview`/)
    assert.doesNotMatch(stepsOf(codes), /release/)
  }
  assert.match(stepsOf(['out-of-range']), /release[^]*contract accept/)
})

test('a file that is none is not said to be releasable', () => {
  for (const code of ['empty', 'other-format', 'damaged', 'ragged-row', 'wrong-encoding']) {
    assert.doesNotMatch(stepsOf([code]), /release|contract accept/)
    assert.match(stepsOf([code]), /Deliver it again under the same name/)
  }
})

test('rows of a query are mended where they stand, for there is no file to send again', () => {
  assert.match(stepsOf(['missing-value'], 'query:changed_at'), /^Mend the rows in the database and let their watermark grow/)
})
