import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RefitError } from '../errors.js'
import { below, checkArtifactPath, foldersAbove, pathInStore, splitPath } from './artifact-path.js'

test('a path is its names, without what says nothing', () => {
  for (const [path, kept] of [['a/b', 'a/b'], ['a//b/', 'a/b'], ['./a/./b', 'a/b'], ['', ''], ['.', ''], ['100%.txt', '100%.txt'], ['..a/b..', '..a/b..']] as const) {
    assert.equal(checkArtifactPath(path), kept, path)
  }
})

test('what leads out of its folder is refused, however often it is encoded', () => {
  for (const path of ['..', 'a/../b', '%2e%2e/x', '%252e%252e%252fx', '%25252e./x', '/a', '%2fa', '\\a', 'a%5cb', 'C:/a', 'a/c%3a/b', 'a\0', 'a%00', 'a%0a', '#a', 'a%23', 'file:///a', '.. /a', `${'%25'.repeat(1)}${'25'.repeat(12)}2e`]) {
    assert.throws(() => checkArtifactPath(path), (error) => error instanceof RefitError && error.message === 'Invalid path', path)
  }
})

test('what no store could keep is refused', () => {
  for (const path of ['x'.repeat(256), 'é'.repeat(128), Array.from({ length: 600 }, () => 'a').join('/')]) assert.throws(() => checkArtifactPath(path), RefitError)
})

test('folders, names and places', () => {
  const path = checkArtifactPath('a/b/c')
  assert.deepEqual(splitPath(path), { folder: 'a/b', name: 'c' })
  assert.deepEqual(foldersAbove(path), ['a', 'a/b'])
  assert.equal(below(checkArtifactPath(''), path), 'a/b/c')
  assert.equal(below(path, checkArtifactPath('d')), 'a/b/c/d')
  assert.equal(pathInStore('mlflow-artifacts:/1/x/artifacts'), '1/x/artifacts')
  assert.equal(pathInStore('mlflow-artifacts://host:5000/1/x'), '1/x')
  assert.equal(pathInStore('s3://bucket/x'), undefined)
  assert.throws(() => pathInStore('mlflow-artifacts:/1/../../x'), RefitError)
})
