import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readMessage } from '../../src/triggers/announcements/read-delivery.js'
import { codeBlocksOf, readPage } from './pages.js'

const page = readPage('docs/s3.md')

test('every form that docs/s3.md shows is understood, and announces the same object', () => {
  const [before = '', forms = ''] = page.split('\n## Forms\n')
  const shown = codeBlocksOf('docs/s3.md', forms).filter(({ language }) => language === 'json')
  assert.equal(shown.length, 6)
  for (const { code } of shown) assert.deepEqual(readMessage(code).map(({ kind, bucket, key }) => [kind, bucket, key]), [['created', 'drops', 'house-price/week 05.csv']], code)
  for (const { code } of codeBlocksOf('docs/s3.md', before).filter(({ language }) => language === 'json')) JSON.parse(code)
})
