import assert from 'node:assert/strict'
import { test } from 'node:test'
import { column } from './column.js'
import { metric } from './custom-metric.js'
import { defineModel } from './model.js'
import { rule } from './own-rule.js'
import { resolveProject } from './resolve-project.js'

test('a confidence within `each` is refused, by the types and at its place in the definition', () => {
  const model = defineModel({
    task: 'regression',
    columns: { zipcode: column.category(), price: column.target() },
    source: { kind: 'upload', options: {} },
    train: { kind: 'module', options: {} },
    check: (m) => [
      m.mape.atMost(0.2, { confidence: 0.95 }),
      // @ts-expect-error -- Slices take none: see the rule below.
      m.each('zipcode').mape.atMost(0.3, { confidence: 0.95 }),
      m.each('zipcode').mape.atLeast(0.01),
    ],
  })
  const resolved = resolveProject({ models: { price: model } }, { sources: { upload: {} }, trainers: { module: {} } })
  assert.deepEqual('faults' in resolved && resolved.faults, [
    { path: 'models.price.check[1]', message: 'a rule for each value of a column takes no confidence: a value fails only if it is proven to be beyond the limit' },
  ])
})

test('quantile losses are metrics of a regression, each with its quantile in its name', () => {
  const columns = { zipcode: column.category(), price: column.target() }
  const rest = { columns, source: { kind: 'upload', options: {} }, train: { kind: 'module', options: {} } } as const
  const house = defineModel({
    ...rest,
    task: 'regression',
    check: (m) => [m.quantileLoss(0.9).notWorseThanChampion(), m.each('zipcode').quantileLoss(0.25).atMost(3), m.bias.atMost(500, { confidence: 0.95 }), m.quantileLoss(1).atMost(2)],
  })
  assert.deepEqual(house.check?.slice(0, 2), [
    { kind: 'champion', metric: 'quantileLoss:0.9', comparison: 'notWorse', margin: { relative: 0.03 } },
    { kind: 'threshold', metric: 'quantileLoss:0.25', bound: 'atMost', value: 3, slice: { column: 'zipcode', minimumRows: 30 } },
  ])
  // As JavaScript may have it.
  const direction = {
    ...defineModel({ ...rest, task: 'classification' }),
    check: [
      { kind: 'threshold', metric: 'quantileLoss:0.9', bound: 'atMost', value: 1 },
      { kind: 'champion', metric: 'calibrationError', comparison: 'notWorse', margin: { relative: 0.1 } },
    ],
  }
  const resolved = resolveProject({ models: { house, direction } }, { sources: { upload: {} }, trainers: { module: {} } })
  assert.deepEqual('faults' in resolved && resolved.faults, [
    { path: 'models.house.check[3]', message: '1 is no quantile: it is above 0 and below 1' },
    {
      path: 'models.direction.check[0]',
      message: 'quantileLoss:0.9 is no metric of a classification; there are: accuracy, balancedAccuracy, logLoss, rocAuc, prAuc, f1, precision, recall, brier, calibrationError',
    },
    { path: 'models.direction.check[1]', message: 'a ratio of calibrationError means nothing: its margin is absolute, e.g. { absolute: 0.01 }' },
  ])
})

test('a relative margin of a metric whose ratio means nothing is refused, by the types and at its place in the definition', () => {
  const model = defineModel({
    task: 'regression',
    columns: { rooms: column.number(), price: column.target() },
    source: { kind: 'upload', options: {} },
    train: { kind: 'module', options: {} },
    check: (m) => [
      // @ts-expect-error -- Its margin is absolute.
      m.r2.notWorseThanChampion({ relative: 0.03 }),
      m.r2.notWorseThanChampion({ absolute: 0.02 }, { ownRowsDecide: true }),
      m.mae.notWorseThanChampion({ relative: 0.03 }),
    ],
  })
  const resolved = resolveProject({ models: { price: model } }, { sources: { upload: {} }, trainers: { module: {} } })
  assert.deepEqual('faults' in resolved && resolved.faults, [
    { path: 'models.price.check[0]', message: 'a ratio of r2 means nothing: its margin is absolute, e.g. { absolute: 0.01 }' },
  ])
})

test('rules between values, of time and of size are written with the columns and units that there are', () => {
  const rest = { source: { kind: 'upload', options: {} }, train: { kind: 'module', options: {} } } as const
  const price = defineModel({
    ...rest,
    task: 'regression',
    columns: { zipcode: column.category(), rooms: column.number(), price: column.target() },
    check: (m) => [
      m.between('zipcode').mape.differAtMost(0.1),
      m.between('zipcode', { minimumRows: 50 }).quantileLoss(0.9).differAtMost(20),
      m.latency.atMost('0.5 milliseconds'),
      m.latency.atMost('2 seconds', { rows: 500, percentile: 99 }),
      m.packageSize.atMost('1.5 MiB'),
      // @ts-expect-error -- A number has no values that could be told apart.
      m.between('rooms').mape.differAtMost(0.1),
      // @ts-expect-error -- A size has a unit.
      m.packageSize.atMost('50'),
      // @ts-expect-error -- So has a time.
      m.latency.atMost('5 ms'),
    ],
  })
  const resolved = resolveProject({ models: { price: { ...price, check: price.check?.slice(0, 5) } } }, { sources: { upload: {} }, trainers: { module: {} } })
  assert.deepEqual('project' in resolved && resolved.project.models['price']?.check, [
    { kind: 'between', metric: 'mape', column: 'zipcode', minimumRows: 30, limit: 0.1 },
    { kind: 'between', metric: 'quantileLoss:0.9', column: 'zipcode', minimumRows: 50, limit: 20 },
    { kind: 'latency', milliseconds: 0.5, rows: 1, percentile: 95 },
    { kind: 'latency', milliseconds: 2000, rows: 500, percentile: 99 },
    { kind: 'packageSize', bytes: 1_572_864 },
  ])
  const wrong = resolveProject({ models: { price } }, { sources: { upload: {} }, trainers: { module: {} } })
  assert.deepEqual('faults' in wrong && wrong.faults, [
    { path: 'models.price.check[5]', message: 'slices need a category or boolean column; rooms is none' },
    { path: 'models.price.check[6]', message: `"50" is no size; write e.g. '50 MB'` },
    { path: 'models.price.check[7]', message: `"5 ms" is no duration; write e.g. '5 milliseconds'` },
  ])
})

test('a rule of one’s own is a module or a program, with parameters that hold no secret', () => {
  const model = (parameters: Readonly<Record<string, unknown>>): ReturnType<typeof defineModel> =>
    defineModel({
      task: 'regression',
      columns: { rooms: column.number(), price: column.target() },
      source: { kind: 'upload', options: {} },
      train: { kind: 'module', options: {} },
      check: () => [rule('./checks/monotone.ts', { parameters }), rule(['python3', 'check.py'])],
    })
  const schemas = { sources: { upload: {} }, trainers: { module: {} } }
  const resolved = resolveProject({ models: { price: model({ most: 8 }) } }, schemas)
  assert.deepEqual('project' in resolved && resolved.project.models['price']?.check, [
    { kind: 'own', run: { module: './checks/monotone.ts' }, parameters: { most: 8 } },
    { kind: 'own', run: { command: ['python3', 'check.py'] }, parameters: {} },
  ])
  const secret = resolveProject({ models: { price: model({ key: '${secret:KEY}' }) } }, schemas)
  assert.equal('faults' in secret && secret.faults[0]?.path, 'models.price.check[0].parameters.key')
})

test('a metric of one’s own is asked for by its name in the definition, and its rules have what that says of it', () => {
  const rest = { task: 'regression', columns: { zipcode: column.category(), price: column.target() }, source: { kind: 'upload', options: {} }, train: { kind: 'module', options: {} } } as const
  const house = defineModel({
    ...rest,
    metrics: { lostRevenue: metric('./lost-revenue.ts', { better: 'lower', unit: 'USD' }) },
    check: (m) => [
      m.custom('lostRevenue').notWorseThanChampion(),
      m.each('zipcode').custom('lostRevenue').atMost(100),
      // @ts-expect-error -- There is no such metric.
      m.custom('lost').atMost(1),
    ],
  })
  const plain = defineModel({
    ...rest,
    // @ts-expect-error -- There are none.
    check: (m) => [m.custom('lostRevenue').atMost(1)],
  })
  const schemas = { sources: { upload: {} }, trainers: { module: {} } }
  const resolved = resolveProject({ models: { house, plain, odd: { ...rest, metrics: { 'lost-revenue': metric('./x.ts', { better: 'higher' }) } } } }, schemas)
  assert.deepEqual('faults' in resolved && resolved.faults, [
    { path: 'models.house.check[2]', message: 'lost is no metric of this model; there are: lostRevenue' },
    { path: 'models.plain.check[0]', message: 'lostRevenue is no metric of this model; there are: none' },
    { path: 'models.odd.metrics.lost-revenue', message: 'a name of a metric has letters, digits and underscores, from a letter on' },
  ])
  const good = resolveProject({ models: { house: { ...house, check: house.check?.slice(0, 2) } } }, schemas)
  const custom = { better: 'lower', unit: 'USD' }
  assert.deepEqual('project' in good && good.project.models['house']?.check, [
    { kind: 'champion', metric: 'custom:lostRevenue', comparison: 'notWorse', margin: { relative: 0.03 }, custom },
    { kind: 'threshold', metric: 'custom:lostRevenue', bound: 'atMost', value: 100, slice: { column: 'zipcode', minimumRows: 30 }, custom },
  ])
})

test('a weight is a number of at least 0 that is always there, and there is one at most', () => {
  const weights = { size: column.weight({ max: 10 }), other: column.weight() }
  const written = { task: 'regression', columns: { rooms: column.number(), price: column.target(), ...weights }, source: { kind: 'upload', options: {} }, train: { kind: 'module', options: {} } }
  const odd = { ...written, columns: { rooms: column.number(), price: column.target(), size: { type: 'number', role: 'weight', optional: true, min: -1 } } }
  const resolved = resolveProject({ models: { two: written, odd } }, { sources: { upload: {} }, trainers: { module: {} } })
  assert.deepEqual('faults' in resolved && resolved.faults, [
    { path: 'models.two.columns', message: 'at most one column can be the weight, there are 2' },
    { path: 'models.odd.columns.size', message: 'a weight is a number of at least 0 and may not be missing' },
  ])
})
