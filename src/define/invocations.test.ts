import assert from 'node:assert/strict'
import { test } from 'node:test'
import { definitionChanges, mattersForModel } from './definition-changes.js'
import { resolveProject } from './resolve-project.js'
import type { StoredModel, StoredProject } from './stored-definition.js'

const schemas = { sources: { upload: {} }, trainers: { command: {} } }
const price = {
  task: 'regression',
  columns: { rooms: { type: 'number', role: 'feature' }, price: { type: 'number', role: 'target' } },
  source: { kind: 'upload', options: {} },
  train: { kind: 'command', options: {} },
}

function resolved(written: object): StoredProject {
  const answer = resolveProject(written, schemas)
  assert.ok('project' in answer, JSON.stringify(answer))
  return answer.project
}

function model(differences: object): StoredModel {
  const { price: stored } = resolved({ models: { price: { ...price, ...differences } } }).models
  assert.ok(stored !== undefined)
  return stored
}

test('the model for which /invocations speaks is one of the project', () => {
  assert.equal(resolved({ models: { price, rent: price }, server: { invocations: 'rent' } }).server.invocations, 'rent')
  for (const name of ['rents', 'toString', '']) {
    assert.deepEqual(resolveProject({ models: { price }, server: { invocations: name } }, schemas), { faults: [{ path: 'server.invocations', message: `there is no model "${name}"; there are: price` }] })
  }
})

test('a dialect that is spelt out as it is by default is no other definition', () => {
  assert.deepEqual(model({ dialect: 'mlflow' }), model({}))
  assert.equal(model({ dialect: 'sagemaker' }).dialect, 'sagemaker')
})

test('another dialect is told as a change, and is none of the model', () => {
  const changes = definitionChanges(model({}), model({ dialect: 'sagemaker' }), () => '')
  assert.deepEqual([changes.length, changes[0]?.path, mattersForModel(changes)], [1, 'dialect', false])
})
