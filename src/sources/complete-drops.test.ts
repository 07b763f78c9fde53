import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dropsByManifest, dropsBySuccess, type ReadManifest } from './complete-drops.js'
import { parseManifest } from './manifest.js'
import type { ListedFile, ListedObject } from './source.js'

/** A listing; each file has its key's length as size, unless said otherwise, and one version. */
function listing(...keys: readonly string[]): readonly ListedFile[] {
  return keys.map((key) => ({ key, version: `v-${key}`, bytes: key.length }))
}

/** What is complete, as `key: files`, and what waits, as `key waits for …`. */
function told(drops: readonly ListedObject[]): readonly string[] {
  return drops.map(({ key, files, waitsFor }) => (waitsFor === undefined ? `${key}: ${(files ?? []).map((file) => file.key).join(' ')}` : `${key} waits for ${waitsFor}`)).toSorted()
}

function byManifest(listed: readonly ListedFile[], manifests: Readonly<Record<string, string>>): readonly ListedObject[] {
  const read = Object.entries(manifests).map(([key, text]): [string, ReadManifest] => {
    try {
      return [key, { entries: parseManifest(text) }]
    } catch (error) {
      return [key, { unreadable: String(error) }]
    }
  })
  return dropsByManifest(listed, new Map(read), 's3://drops/sales/')
}

test('a folder is a drop when its _SUCCESS is there, with the version of it and the size of all files', () => {
  const [drop, ...others] = dropsBySuccess(listing('w5/b.csv', 'w5/_SUCCESS', 'w5/a.csv'))
  assert.deepEqual(others, [])
  assert.deepEqual(drop, { key: 'w5', version: 'v-w5/_SUCCESS', bytes: 16, files: listing('w5/a.csv', 'w5/b.csv') })
})

test('files in partition folders belong to the drop; hidden ones and those with an underscore are no data', () => {
  const listed = listing('y=5/w5/_SUCCESS', 'y=5/w5/c=red/s=1/a', 'y=5/w5/c=blue/a', 'y=5/w5/_metadata', 'y=5/w5/.a.crc', 'y=5/w5/_temporary/0/a', 'y=5/w5/c=blue/_tmp')
  assert.deepEqual(told(dropsBySuccess(listed)), ['y=5/w5: y=5/w5/c=blue/a y=5/w5/c=red/s=1/a'])
})

test('a folder without _SUCCESS waits, once for all its partitions, and so does one with nothing else in it', () => {
  const listed = listing('w5/a.csv', 'w6/c=red/a.csv', 'w6/c=blue/a.csv', 'w7/_SUCCESS', 'w8/_SUCCESS', 'w8/a.csv', 'loose.csv')
  const marker = '_SUCCESS, which says that it is complete'
  assert.deepEqual(told(dropsBySuccess(listed)), [`. waits for ${marker}`, `w5 waits for ${marker}`, `w6 waits for ${marker}`, 'w7 waits for a file of data beside _SUCCESS', 'w8: w8/a.csv'])
})

test('a folder that is still being written below a complete one is no part of it', () => {
  const listed = listing('_SUCCESS', 'a.csv', 'w5/a.csv', 'w6/_SUCCESS', 'w6/a.csv')
  assert.deepEqual(told(dropsBySuccess(listed)), ['.: a.csv', 'w5 waits for _SUCCESS, which says that it is complete', 'w6: w6/a.csv'])
})

test('a file that changes is no new delivery until _SUCCESS is written again', () => {
  const version = (listed: readonly ListedFile[]): string | undefined => dropsBySuccess(listed)[0]?.version
  const [marker, file] = listing('w5/_SUCCESS', 'w5/a.csv')
  assert.ok(marker !== undefined && file !== undefined)
  assert.equal(version([marker, { ...file, version: 'later' }]), version([marker, file]))
  assert.notEqual(version([{ ...marker, version: 'later' }, file]), version([marker, file]))
})

test('a manifest names its files beside it, from the root on, or by address', () => {
  const listed = listing('w5/manifest.json', 'w5/a.csv', 'w5/c=red/b.csv', 'w5/notes.txt', 'w6.manifest', 'parts/c.csv', 'w7/_manifest', 'w7/d.csv', 'w7/e/f.csv')
  const drops = byManifest(listed, {
    'w5/manifest.json': '{"files": ["a.csv", {"key": "w5/c=red/b.csv"}]}',
    'w6.manifest': 's3://drops/sales/parts/c.csv\nw5/../parts/c.csv',
    'w7/_manifest': '{"entries": [{"url": "s3://elsewhere/export/w7/d.csv"}, {"url": "s3://elsewhere/export/e/f.csv"}]}',
  })
  assert.deepEqual(told(drops), ['w5: w5/a.csv w5/c=red/b.csv', 'w6.manifest: parts/c.csv', 'w7/_manifest: w7/d.csv w7/e/f.csv'])
  assert.equal(drops.find(({ key }) => key === 'w5')?.version, 'v-w5/manifest.json')
})

test('a drop waits for every file that its manifest names, whole; unless it may do without', () => {
  const listed = listing('w5/manifest.json', 'w5/a.csv', 'w6/manifest.json', 'w6/a.csv', 'w7/manifest.json', 'w7/a.csv', 'w8/manifest.json')
  const drops = byManifest(listed, {
    'w5/manifest.json': '{"files": ["a.csv", "b.csv", "c.csv"]}',
    'w6/manifest.json': '{"files": [{"path": "a.csv", "bytes": 9}]}',
    'w7/manifest.json': '{"entries": [{"url": "a.csv", "meta": {"content_length": 8}}, {"url": "b.csv", "mandatory": false}]}',
    'w8/manifest.json': '{"files": [',
  })
  assert.deepEqual(told(drops), [
    'w5 waits for b.csv, and 1 more',
    'w6 waits for a.csv with 9 bytes (it has 8)',
    'w7: w7/a.csv',
    'w8 waits for a manifest that can be read: Error: it is not whole JSON (Unexpected end of JSON input)',
  ])
})

test('files that no manifest names wait for one, unless one stands beside them', () => {
  const listed = listing('w5/manifest.json', 'w5/a.csv', 'w5/readme.txt', 'w6/a.csv', 'loose.csv')
  const drops = byManifest(listed, { 'w5/manifest.json': 'a.csv' })
  assert.deepEqual(told(drops), ['. waits for a manifest that names its files', 'w5: w5/a.csv', 'w6 waits for a manifest that names its files'])
})

test('a manifest cannot name files outside its source', () => {
  const drops = byManifest(listing('w5/manifest.json', 'w5/a.csv'), { 'w5/manifest.json': '../../etc/passwd\n/etc/passwd\ns3://drops/salesroom/a.csv\n' })
  assert.deepEqual(told(drops), ['w5 waits for ../../etc/passwd, and 1 more'])
})

test('the hash that a manifest declares goes with its file', () => {
  const sha256 = '0f'.repeat(32)
  const [drop] = byManifest(listing('w5/manifest.json', 'w5/a.csv'), { 'w5/manifest.json': `${sha256}  a.csv\n` })
  assert.equal(drop?.files?.[0]?.declaredSha256, sha256)
})
