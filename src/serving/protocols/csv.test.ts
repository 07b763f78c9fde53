import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../../test/support/seeded-random.js'
import { parseCsv } from './csv.js'

test('values are separated by commas, records by line ends of any kind', () => {
  assert.deepEqual(parseCsv('a,b\n1,2\r\n3,4\r5,', 9), [['a', 'b'], ['1', '2'], ['3', '4'], ['5', '']])
})

test('quoted values hold commas, line ends and quotes', () => {
  assert.deepEqual(parseCsv('"a,\n""b""",c\n"",""', 9), [['a,\n"b"', 'c'], ['', '']])
})

test('empty lines are no records, and a mark of the byte order no value', () => {
  assert.deepEqual(parseCsv('\uFEFF\n1\n\n\n2\n', 9), [['1'], ['2']])
  assert.deepEqual(parseCsv('', 9), [])
})

test('what is quoted wrongly is refused', () => {
  for (const text of ['"', '"a', '"a"b', 'a,"b\n', '"a" ,b']) assert.throws(() => parseCsv(text, 9), { code: 'request-invalid' }, text)
})

test('reading ends one record beyond what may be asked', () => {
  assert.equal(parseCsv('1\n'.repeat(100_000), 10).length, 11)
})

test('whatever is written as RFC 4180 says is read back', (context) => {
  const random = seededRandom(context)
  const some = (most: number): number => random.below(most + 1)
  const value = (): string => Array.from({ length: some(4) }, () => 'ab,"\n\r 1'.charAt(random.below(8))).join('')
  for (let round = 0; round < 300; round += 1) {
    const width = 2 + some(2)
    const records = Array.from({ length: 1 + some(3) }, () => Array.from({ length: width }, value))
    const text = records.map((record) => record.map((each) => (/[",\r\n]/.test(each) ? `"${each.replaceAll('"', '""')}"` : each)).join(',')).join(random.below(2) === 0 ? '\n' : '\r\n')
    assert.deepEqual(parseCsv(text, 9), records, `${random.seed}, round ${round}: ${JSON.stringify(text)}`)
  }
})
