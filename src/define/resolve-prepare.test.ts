import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from 'typebox'
import { column, type Columns } from './column.js'
import { resolveProject } from './resolve-project.js'
import { modelColumns } from './resolve-prepare.js'

const columns: Columns = { id: column.key(), area: column.number(), price: column.target(), rooms: column.number({ optional: true }), garden: column.boolean() }

function resolve(given: object): ReturnType<typeof resolveProject> {
  const none = Type.Object({})
  const written = { task: 'regression', columns, source: { kind: 'upload', options: {} }, train: { kind: 'module', options: {} }, ...given }
  return resolveProject(JSON.parse(JSON.stringify({ models: { m: written } })), { sources: { upload: none }, trainers: { module: none } })
}

function faultsOf(given: object): readonly string[] {
  const resolved = resolve(given)
  return 'faults' in resolved ? resolved.faults.map(({ path, message }) => `${path}: ${message}`) : []
}

test('the model has the features of the drops, with those that are prepared in their place, and new ones after them', () => {
  const resolved = resolve({ prepare: './p.ts', prepared: { age: column.number(), area: column.category(), garden: column.ignored() } })
  assert.ok('project' in resolved)
  const model = resolved.project.models['m']
  assert.ok(model !== undefined)
  const features = Object.entries(modelColumns(model)).flatMap(([name, { role, type }]) => (role === 'feature' ? [`${name} ${type}`] : []))
  assert.deepEqual(features, ['area category', 'rooms number', 'age number'])
  assert.deepEqual(Object.keys(model.columns), Object.keys(columns), 'those of the drops stay')
  const plain = resolve({})
  assert.ok('project' in plain && plain.project.models['m'] !== undefined && !('prepare' in plain.project.models['m']))
})

test('what cannot be prepared is refused with its path', () => {
  const prepare = './p.ts'
  const age = column.number()
  assert.deepEqual(faultsOf({ prepare, prepared: { age } }), [])
  for (const [given, fault] of [
    [{ prepare }, 'models.m.prepared: which columns does the module give?'],
    [{ prepared: { age } }, 'models.m.prepare: which module gives the columns of `prepared`?'],
    [{ prepare, prepared: {} }, 'models.m.prepared: at least one column must be a feature that the module gives'],
    [{ prepare, prepared: { age, price: column.number() } }, 'models.m.prepared.price: it is the name of the target column, which is no feature'],
    [{ prepare, prepared: { age, id: column.category() } }, 'models.m.prepared.id: it is the name of the key column, which is no feature'],
    [{ prepare, prepared: { age, gone: column.ignored() } }, 'models.m.prepared.gone: there is no such column to take out'],
    [{ prepare, prepared: { age, refit_x: column.number() } }, 'models.m.prepared.refit_x: names that begin with refit_ are taken'],
    [{ prepare, prepared: { age: column.number({ min: 2, max: 1 }) } }, 'models.m.prepared.age: min 2 is above max 1'],
  ] as const) {
    assert.deepEqual(faultsOf(given), [fault])
  }
  for (const given of [{ prepare: '', prepared: { age } }, { prepare, prepared: { age: column.target() } }, { prepare, prepared: { age: column.time() } }, { prepare, prepared: { age: { ...age, colour: 'red' } } }]) {
    assert.ok(faultsOf(given).length > 0, JSON.stringify(given))
  }
})
