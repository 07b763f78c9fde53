import assert from 'node:assert/strict'
import { test } from 'node:test'
import { append, replace, upsert, type Delivery } from './delivery.js'
import { resolveDelivery, withDeleted } from './resolve-delivery.js'
import { resolveProject } from './resolve-project.js'
import type { StoredColumn } from './stored-definition.js'

const columns: Readonly<Record<string, StoredColumn>> = {
  id: { type: 'text', role: 'key', optional: false },
  removed: { type: 'text', role: 'ignored', optional: false },
  rooms: { type: 'number', role: 'feature', optional: false },
}

function resolve(written: Delivery | undefined, among = columns): { stored: unknown; faults: readonly string[] } {
  const faults: string[] = []
  return { stored: resolveDelivery(written, withDeleted(among, written), (where, message) => faults.push(`${where}: ${message}`)), faults }
}

test('append is what a definition without a delivery means, so that it is stored alike', () => {
  assert.deepEqual([resolve(undefined), resolve(append())], [{ stored: undefined, faults: [] }, { stored: undefined, faults: [] }])
  assert.deepEqual(resolve(replace()), { stored: { kind: 'replace' }, faults: [] })
  assert.deepEqual(resolve(upsert({ deleted: 'removed' })), { stored: { kind: 'upsert', deleted: 'removed' }, faults: [] })
})

test('an upsert needs a key, and a column of its own that tells deleted rows', () => {
  const { id: _id, ...keyless } = columns
  assert.match(resolve(upsert(), keyless).faults.join(), /delivery: upsert needs a key column/)
  assert.match(resolve(upsert({ deleted: 'rooms' })).faults.join(), /delivery\.deleted: column rooms tells which rows are deleted; it can only be column\.ignored\(\)/)
  assert.match(resolve(upsert({ deleted: '' })).faults.join(), /delivery\.deleted/)
  assert.deepEqual(resolve(upsert({ deleted: 'not-among-the-columns' })).faults, [])
})

test('a source that reads rows again needs an upsert, or they would stand there twice', () => {
  const faultsOf = (delivery: Delivery): readonly string[] => {
    const model = {
      task: 'regression',
      columns: { id: { type: 'text', role: 'key' }, rooms: { type: 'number', role: 'feature' }, price: { type: 'number', role: 'target' } },
      source: { kind: 'query', options: { overlap: '5 minutes' } },
      delivery,
      train: { kind: 'module', options: {} },
    }
    const resolved = resolveProject({ models: { price: model } }, { sources: { query: {} }, trainers: { module: {} } })
    return 'faults' in resolved ? resolved.faults.map(({ path, message }) => `${path}: ${message}`) : []
  }
  assert.deepEqual(faultsOf(append()), ['models.price.source.overlap: rows that are read again come twice; it needs delivery: upsert() and a key column'])
  assert.deepEqual(faultsOf(upsert()), [])
})
