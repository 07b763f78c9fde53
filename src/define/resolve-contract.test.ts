import assert from 'node:assert/strict'
import { test } from 'node:test'
import { column, type Columns } from './column.js'
import { resolveProject } from './resolve-project.js'

const columns: Columns = { at: column.time(), colour: column.category(), price: column.target() }

/** The faults of a model with these options, as `path: message`. */
function faultsOf(options: Readonly<Record<string, unknown>>): readonly string[] {
  const adapter = { kind: 'any', options: {} }
  const model = { task: 'regression', columns, source: adapter, train: adapter, ...options }
  const resolved = resolveProject({ models: { m: model } }, { sources: { any: {} }, trainers: { any: {} } })
  return 'faults' in resolved ? resolved.faults.map(({ path, message }) => `${path.replace('models.m.', '')}: ${message}`) : []
}

test('what no column can keep is refused at its path', () => {
  const withColour = (colour: object): readonly string[] => faultsOf({ columns: { ...columns, colour } })
  assert.deepEqual(withColour(column.category({ minLength: 3, maxLength: 2 })), ['columns.colour.minLength: 3 is above maxLength 2'])
  assert.deepEqual(withColour({ type: 'number', role: 'feature', pattern: 'a' }), ['columns.colour: a number has no length and no pattern'])
  assert.deepEqual(withColour(column.category({ pattern: '98[0-9]{3}', unique: true })), [])
})

test('what no drop can keep is refused at its path', () => {
  assert.deepEqual(faultsOf({ contract: { rows: { min: 2, max: 1 } } }), ['contract.rows.min: 2 is above max 1'])
  assert.deepEqual(faultsOf({ contract: { freshness: 'soon' } }), [`contract.freshness: "soon" is no duration; write e.g. '52 weeks' or '10 minutes'`])
  const { at: _at, ...timeless } = columns
  assert.deepEqual(faultsOf({ columns: timeless, contract: { freshness: '8 days' } }), ['contract.freshness: it needs a time column'])
  const levels = { nothing: 'off', note: 'off', price: 'loose' }
  assert.deepEqual(faultsOf({ columns: { ...columns, note: column.ignored() }, contract: { plausibility: { columns: levels } } }), [
    'contract.plausibility.columns.nothing: there is no such column',
    'contract.plausibility.columns.note: an ignored column is not compared',
  ])
  assert.deepEqual(faultsOf({ contract: { plausibility: 'sometimes' } }), ['contract.plausibility: is none of: "strict", "standard", "loose", "off"'])
})
