import assert from 'node:assert/strict'
import { test } from 'node:test'
import { modelNamed } from '../../test/support/stored-models.js'
import { digestOf } from './canonical-json.js'
import { decisiveOf, recipeOf } from './recipe.js'
import type { StoredModel } from './stored-definition.js'

const model = modelNamed('price')
const isSame = (of: (definition: StoredModel) => unknown, differences: Partial<StoredModel>): boolean => digestOf(of({ ...model, ...differences })) === digestOf(of(model))

const anyway: readonly Partial<StoredModel>[] = [
  { triggers: [{ kind: 'schedule', cron: '0 6 * * 1', timeZone: 'UTC', catchUp: 'once' }] },
  { dropsOverdueMilliseconds: 1000 },
  { source: { kind: 'folder', options: { path: 'elsewhere' } } },
  { format: { delimiter: ';' } },
  { dialect: 'sagemaker' },
  { predictionLog: 'off' },
]
const decisive: readonly Partial<StoredModel>[] = [{ approval: 'always' }, { limits: { ...model.limits, trainMilliseconds: 1 } }]
const recipe: readonly Partial<StoredModel>[] = [{ check: [{ kind: 'baseline', metric: 'mae' }] }, { window: { kind: 'rows', rows: 5 } }, { holdout: 0.1 }, { refitOnAll: true }, { train: { kind: 'command', options: {} } }]

test('another schedule, source or dialect is the same recipe, and decides nothing', () => {
  for (const differences of anyway) assert.deepEqual([isSame(recipeOf, differences), isSame(decisiveOf, differences)], [true, true], JSON.stringify(differences))
})

test('another limit or approval is the same recipe, and may end a run otherwise', () => {
  for (const differences of decisive) assert.deepEqual([isSame(recipeOf, differences), isSame(decisiveOf, differences)], [true, false], JSON.stringify(differences))
})

test('whatever makes another model, or judges it otherwise, is another recipe', () => {
  for (const differences of recipe) assert.deepEqual([isSame(recipeOf, differences), isSame(decisiveOf, differences)], [false, false], JSON.stringify(differences))
})
