import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseS3Address } from './s3-location.js'

test('an address names a bucket and the text with which its keys begin', () => {
  assert.deepEqual(parseS3Address('s3://data'), { bucket: 'data', prefix: '' })
  assert.deepEqual(parseS3Address('s3://data/'), { bucket: 'data', prefix: '' })
  assert.deepEqual(parseS3Address('s3://my.data-1/weekly/sales'), { bucket: 'my.data-1', prefix: 'weekly/sales' })
  assert.deepEqual(parseS3Address('s3://data/häuser 2026+1/'), { bucket: 'data', prefix: 'häuser 2026+1/' })
})

test('what is no address of a bucket is none', () => {
  for (const text of ['', 's3://', 's3:///x', 'S3://data', 'https://data/x', 's3:/data', 's3://d', 's3://-data', 's3://a b/x', 's3://data//x', 's3://data/x//y', 's3://data/../x', 's3://data/./x', 's3://data/x\ny', `s3://data/${'x'.repeat(901)}`]) {
    assert.equal(parseS3Address(text), undefined, text)
  }
})
