import assert from 'node:assert/strict'
import { test } from 'node:test'
import { breaksOf } from './breaks.js'
import type { ClientShape } from './client-shape.js'
import { judgeClients } from './judge-clients.js'

const shape: ClientShape = {
  formatVersion: 1,
  task: 'classification',
  inputs: [
    { name: 'carrier', type: 'category', optional: false, values: ['dpd', 'post'] },
    { name: 'colour', type: 'category', optional: false },
    { name: 'weight', type: 'number', optional: true },
  ],
  classes: ['kept', 'returned'],
}
const withInput = (name: string, change: object): ClientShape => ({ ...shape, inputs: shape.inputs.map((input) => (input.name === name ? { ...input, ...change } : input)) })

const cases: readonly { readonly what: string; readonly version: ClientShape; readonly breaks: readonly string[] }[] = [
  { what: 'nothing changes', version: shape, breaks: [] },
  { what: 'a new optional column', version: { ...shape, inputs: [...shape.inputs, { name: 'gift', type: 'boolean', optional: true }] }, breaks: [] },
  { what: 'a new required column', version: { ...shape, inputs: [...shape.inputs, { name: 'gift', type: 'boolean', optional: false }] }, breaks: ['column gift is new and required'] },
  { what: 'a column becomes optional', version: withInput('colour', { optional: true }), breaks: [] },
  { what: 'a column becomes required', version: withInput('weight', { optional: false }), breaks: ['column weight is required now'] },
  { what: 'another type', version: withInput('weight', { type: 'category' }), breaks: ['column weight is a category, and was a number'] },
  { what: 'more categories', version: withInput('carrier', { values: ['dpd', 'gls', 'post'] }), breaks: [] },
  { what: 'any category', version: withInput('carrier', { values: undefined }), breaks: [] },
  { what: 'fewer categories', version: withInput('carrier', { values: ['post'] }), breaks: ['column carrier no longer allows "dpd"'] },
  { what: 'only some categories', version: withInput('colour', { values: ['red'] }), breaks: ['column colour allows only some categories now'] },
  { what: 'a column is gone', version: { ...shape, inputs: shape.inputs.slice(0, 2) }, breaks: ['column weight is gone, and requests that have it are refused'] },
  { what: 'a class is gone', version: { ...shape, classes: ['kept'] }, breaks: ['it no longer answers "returned"'] },
  { what: 'a class is new', version: { ...shape, classes: ['broken', 'kept', 'returned'] }, breaks: ['it answers "broken", which they do not know'] },
  { what: 'another task', version: { ...shape, task: 'regression', classes: [] }, breaks: ['it answers a regression in place of a classification'] },
]

for (const { what, version, breaks } of cases) {
  test(`clients ${breaks.length === 0 ? 'go on' : 'break'}: ${what}`, () => assert.deepEqual(breaksOf(shape, version), breaks))
}

test('the verdict names each broken client; where the definition allows it, it is told all the same; without clients nothing is judged', () => {
  const clients = [
    { number: 1, version: 3, shape },
    { number: 4, version: 9, shape: withInput('carrier', { values: ['post'] }) },
  ]
  const version = withInput('carrier', { values: ['post'] })
  const told = 'It breaks 1 of 2 recorded clients: client 1, of version 3 (column carrier no longer allows "dpd").'
  assert.deepEqual(judgeClients(version, clients, false), { rule: { kind: 'clients' }, origin: 'built-in', answer: 'failed', explanation: told })
  assert.deepEqual(judgeClients(version, clients, true), { rule: { kind: 'clients' }, origin: 'built-in', answer: 'passed', explanation: `${told} The definition allows it.` })
  assert.equal(judgeClients(shape, clients.slice(0, 1), false)?.explanation, 'The recorded client goes on as it is.')
  assert.equal(judgeClients(version, [], false), undefined)
})
