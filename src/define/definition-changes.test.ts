import assert from 'node:assert/strict'
import { test } from 'node:test'
import { modelNamed } from '../../test/support/stored-models.js'
import { comparability } from './comparability.js'
import { definitionChanges, mattersForModel } from './definition-changes.js'
import type { StoredModel } from './stored-definition.js'

const model = modelNamed('house-price', { columns: { ...modelNamed('any').columns, when: { type: 'time', role: 'time', optional: false } } })
const rooms = model.columns['rooms'] ?? { type: 'number', role: 'feature', optional: false }

function changed(differences: Partial<StoredModel>): readonly (readonly [string, string])[] {
  return definitionChanges(model, { ...model, ...differences }, JSON.stringify).map(({ path, text }) => [path, text])
}

function withColumns(columns: StoredModel['columns']): Partial<StoredModel> {
  return { columns: { ...model.columns, ...columns } }
}

test('every part of a definition that changes is told where it stands in the project file, in words', () => {
  const cases: readonly (readonly [Partial<StoredModel>, string, string])[] = [
    [{ task: 'classification' }, 'task', 'task regression → classification'],
    [withColumns({ zip: { type: 'category', role: 'feature', optional: true } }), 'columns.zip', 'column zip added (a category, optional)'],
    [withColumns({ rooms: { ...rooms, role: 'ignored' } }), 'columns.rooms.role', 'column rooms: feature → ignored'],
    [withColumns({ rooms: { ...rooms, type: 'category' } }), 'columns.rooms.type', 'column rooms: type number → category'],
    [withColumns({ rooms: { ...rooms, optional: true } }), 'columns.rooms.optional', 'column rooms becomes optional'],
    [withColumns({ rooms: { ...rooms, min: 1 } }), 'columns.rooms.min', 'column rooms: min set to 1'],
    [withColumns({ rooms: { ...rooms, values: ['1', '2'] } }), 'columns.rooms.values', 'column rooms: values set to ["1","2"]'],
    [{ contract: { rows: { min: 10 }, plausibility: { level: 'standard', columns: {} } } }, 'contract.rows.min', 'contract.rows.min set to 10'],
    [{ contract: { rows: {}, plausibility: { level: 'loose', columns: {} } } }, 'contract.plausibility.level', 'contract.plausibility.level standard → loose'],
    [{ predictionLog: 'off' }, 'predictionLog', 'predictionLog share 10 %, keep 90 days → off'],
    [{ predictionLog: { share: 1, keepMilliseconds: 7_776_000_000 } }, 'predictionLog.share', 'predictionLog.share 10 % → 100 %'],
    [{ format: { delimiter: ';' } }, 'format', 'format set to {"delimiter":";"}'],
    [{ source: { kind: 'folder', options: { path: 'drops' } } }, 'source', 'source upload → folder (path drops)'],
    [{ delivery: { kind: 'replace' } }, 'delivery', 'delivery append → replace'],
    [{ window: { kind: 'duration', milliseconds: 52 * 604_800_000 } }, 'window', 'window all → duration (length 52 weeks)'],
    [{ split: { kind: 'group', test: 0.25, validation: 0.1 } }, 'split.test', 'split.test 20 % → 25 %'],
    [{ split: { kind: 'time', testMilliseconds: 4 * 604_800_000, gapMilliseconds: 0, validation: 0.1 } }, 'split', 'split group (test 20 %, validation 10 %) → time (test 4 weeks, gap 0 weeks, validation 10 %)'],
    [{ holdout: 0.05 }, 'holdout', 'holdout set to 5 %'],
    [{ prepare: { path: './prepare.ts', columns: {} } }, 'prepare', 'prepare set to {"path":"./prepare.ts","columns":{}}'],
    [{ train: { kind: 'module', options: { parameters: { depth: 8 } } } }, 'train.parameters', 'train.parameters set to {"depth":8}'],
    [{ approval: 'always' }, 'approval', 'approval never → always'],
    [{ triggers: [...model.triggers, { kind: 'schedule', cron: '0 6 * * 1', timeZone: 'UTC', catchUp: 'once' }] }, 'triggers', 'trigger "0 6 * * 1" in UTC added'],
    [{ limits: { ...model.limits, trainMilliseconds: 7_200_000 } }, 'limits.trainTime', 'limits.trainTime 1 minute → 2 hours'],
    [{ limits: { ...model.limits, trainMemoryBytes: 8e9 } }, 'limits.trainMemory', 'limits.trainMemory 1,000 MB → 8,000 MB'],
  ]
  for (const [differences, path, text] of cases) assert.deepEqual(changed(differences), [[path, text]])
})

test('rules of the check that go and come are told in the words that they are given', () => {
  const changes = definitionChanges(model, { ...model, check: [{ kind: 'baseline', metric: 'mae' }] }, ({ kind }) => `of ${kind}`)
  assert.deepEqual(changes.map(({ text }) => text), ['rule of threshold taken out', 'rule of baseline added'])
})

test('columns that are removed, and that stand in another order, are told', () => {
  const { rooms: _rooms, ...others } = model.columns
  assert.deepEqual(changed({ columns: others }), [['columns.rooms', 'column rooms removed (a number)']])
  assert.deepEqual(changed({ columns: { rooms, ...others } }), [['columns', 'the columns stand in another order']])
})

test('what is written out though it is the default is no change', () => {
  assert.deepEqual(changed({ delivery: { kind: 'append' }, contract: { rows: {}, plausibility: { level: 'standard', columns: {} } } }), [])
})

test('where, when and within which limits a model runs does not matter for the model; all else does', () => {
  const matters = (differences: Partial<StoredModel>): boolean => mattersForModel(definitionChanges(model, { ...model, ...differences }, JSON.stringify))
  for (const differences of [
    { limits: { ...model.limits, trainMemoryBytes: 1 } },
    { triggers: [] },
    { approval: 'always' as const },
    { source: { kind: 'folder', options: { path: 'x' } } },
    { contract: { rows: { min: 1 }, plausibility: { level: 'off' as const, columns: {} } } },
  ]) assert.equal(matters(differences), false, JSON.stringify(differences))
  for (const differences of [
    { check: [] },
    { train: { kind: 'command', options: {} } },
    { window: { kind: 'rows' as const, rows: 5 } },
    { holdout: 0.1 },
    { columns: { rooms, ...model.columns } },
    withColumns({ rooms: { ...rooms, optional: true } }),
  ]) assert.equal(matters(differences), true, JSON.stringify(differences))
})

test('what stays comparable follows from what of the data, the sides and the target is as it was', () => {
  const rowsUnder = (differences: Partial<StoredModel>): string => comparability(model, { ...model, ...differences }).rows
  assert.equal(rowsUnder({ check: [], window: { kind: 'rows', rows: 9 }, limits: { ...model.limits, trainMemoryBytes: 1 } }), 'all')
  assert.equal(rowsUnder(withColumns({ zip: { type: 'category', role: 'feature', optional: false } })), 'all')
  assert.equal(rowsUnder({ split: { kind: 'group', test: 0.3, validation: 0.1 } }), 'later')
  assert.equal(rowsUnder(withColumns({ id: { type: 'number', role: 'group', optional: false } })), 'later', 'the text of a group follows from its type')
  const { id: _id, ...ungrouped } = model.columns
  assert.equal(rowsUnder({ columns: { ...ungrouped, key: { type: 'text', role: 'key', optional: false } } }), 'later')
  const whole = { ...model, columns: ungrouped }
  const wholeUnder = (columns: StoredModel['columns']): string => comparability(whole, { ...whole, columns: { ...ungrouped, ...columns } }).rows
  assert.equal(wholeUnder({}), 'all')
  assert.equal(wholeUnder({ zip: { type: 'category', role: 'feature', optional: true } }), 'later', 'the text of a whole row is that of all its columns')
  assert.equal(comparability({ ...whole, columns: { ...ungrouped, noise: { type: 'number', role: 'time', optional: true } } }, whole).rows, 'later')
  assert.equal(wholeUnder({ note: { type: 'text', role: 'ignored', optional: true }, times: { type: 'number', role: 'weight', optional: false } }), 'all')
  assert.equal(comparability(whole, { ...whole, columns: Object.fromEntries(Object.entries(ungrouped).toReversed()) }).rows, 'all', 'in any order')
  assert.equal(rowsUnder({ task: 'classification' }), 'none')
  assert.equal(rowsUnder(withColumns({ rooms: { ...rooms, role: 'ignored' } })), 'none')
  assert.match(comparability(model, { ...model, ...withColumns({ rooms: { ...rooms, role: 'ignored' } }) }).text, /needs rooms, which the definition no longer has/)
  const { price: _price, ...rest } = model.columns
  assert.match(comparability(model, { ...model, columns: { ...rest, rent: { type: 'number', role: 'target', optional: false } } }).text, /predicts price, and the target is rent now/)
  const stratified = { kind: 'group', test: 0.2, validation: 0.1, stratify: 'rooms' } as const
  assert.equal(comparability({ ...model, split: stratified }, { ...model, split: stratified, holdout: 0.1 }).rows, 'later')
  assert.equal(rowsUnder({ holdout: 0.1 }), 'all')
})
