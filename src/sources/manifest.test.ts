import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseManifest } from './manifest.js'

const hash = 'ab'.repeat(32)

test('files are named by key, path or address, with size and hash where these are known', () => {
  const files = [{ key: 'a.csv', bytes: 3, sha256: hash.toUpperCase() }, { path: 'b.csv' }, { url: 's3://drops/c.csv' }, 'd.csv']
  const expected = [
    { name: 'a.csv', bytes: 3, sha256: hash, optional: false },
    { name: 'b.csv', optional: false },
    { name: 's3://drops/c.csv', optional: false },
    { name: 'd.csv', optional: false },
  ]
  assert.deepEqual(parseManifest(JSON.stringify({ files, createdBy: 'export 7' })), expected)
  assert.deepEqual(parseManifest(`\uFEFF${JSON.stringify(files)}\n`), expected)
})

test("Redshift's entries have sizes, and may do without a file", () => {
  const entries = [
    { url: 's3://drops/0000_part_00', mandatory: true, meta: { content_length: 5_956_875 } },
    { url: 's3://drops/0001_part_00', mandatory: false },
    { url: 's3://drops/0002_part_00' },
  ]
  assert.deepEqual(parseManifest(JSON.stringify({ entries, schema: { elements: [] } })), [
    { name: 's3://drops/0000_part_00', bytes: 5_956_875, optional: false },
    { name: 's3://drops/0001_part_00', optional: true },
    { name: 's3://drops/0002_part_00', optional: false },
  ])
})

test('a plain list has a name a line, as sha256sum writes them too', () => {
  assert.deepEqual(parseManifest(`# week 5\r\n\r\na part.csv\r\n${hash}  b.csv\n${hash} *c.csv\n`), [
    { name: 'a part.csv', optional: false },
    { name: 'b.csv', sha256: hash, optional: false },
    { name: 'c.csv', sha256: hash, optional: false },
  ])
})

test('what is no manifest, or half of one, is refused with the reason', () => {
  const bad = [
    ['', /names no file/],
    ['# nothing\n', /names no file/],
    ['{"files": []}', /names no file/],
    ['{"files": [{"key": "a.csv"', /not whole JSON/],
    ['{"rows": 3}', /neither `files` nor `entries`/],
    ['{"files": [{"bytes": 3}]}', /neither `key` nor `path` nor `url`/],
    ['{"files": [{"key": "a.csv", "bytes": -1}]}', /neither/],
    ['{"files": [{"key": "a.csv", "sha256": "abc"}]}', /neither/],
  ] as const
  for (const [text, reason] of bad) assert.throws(() => parseManifest(text), reason, text)
})
