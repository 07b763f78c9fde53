import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RefitError } from '../../errors.js'
import { parseFilter, parseOrder, type Condition } from './filter.js'

function conditions(text: string): readonly Condition[] {
  return parseFilter(text)
}

function refused(text: string, parse: (text: string) => unknown = parseFilter): void {
  assert.throws(
    () => parse(text),
    (error) => error instanceof RefitError && error.code === 'tracking-invalid',
    text,
  )
}

test('conditions are a name, a comparator and a value, joined by AND in any case', () => {
  assert.deepEqual(conditions("metrics.loss < 0.5 and params.lr='0.1' AND status != \"FAILED\""), [
    { entity: 'metrics', key: 'loss', comparator: '<', value: { kind: 'number', number: 0.5 } },
    { entity: 'params', key: 'lr', comparator: '=', value: { kind: 'text', text: '0.1' } },
    { entity: undefined, key: 'status', comparator: '!=', value: { kind: 'text', text: 'FAILED' } },
  ])
})

test('a key may be quoted, have dots, and begin with a digit', () => {
  for (const [text, key] of [
    ['params."batch size" = \'1\'', 'batch size'],
    ['params.`a = b` = \'1\'', 'a = b'],
    ["params.mlflow.source.name = '1'", 'mlflow.source.name'],
    ["params.1st = '1'", '1st'],
    ["params.größe = '1'", 'größe'],
  ] as const) {
    assert.equal(conditions(text)[0]?.key, key, text)
  }
})

test('quoted text keeps what stands in it, as it is written', () => {
  for (const [text, value] of [
    [`tags.a = 'it"s'`, 'it"s'],
    [`tags.a = "it's"`, "it's"],
    [`tags.a = 'AND x = 1'`, 'AND x = 1'],
    [`tags.a = ''`, ''],
    [`tags.a = '%_'`, '%_'],
    [`tags.a = 'two\nlines'`, 'two\nlines'],
  ] as const) {
    assert.deepEqual(conditions(text)[0]?.value, { kind: 'text', text: value }, text)
  }
})

test('numbers have signs, fractions and exponents', () => {
  for (const [text, number] of [['-1.5', -1.5], ['1e-3', 0.001], ['.5', 0.5], ['2.', 2], ['-7', -7], ['1E5', 1e5]] as const) {
    assert.deepEqual(conditions(`metrics.a = ${text}`)[0]?.value, { kind: 'number', number }, text)
  }
})

test('lists, patterns and NULL', () => {
  assert.deepEqual(conditions("run_id NOT IN ('a', \"b\")")[0], { entity: undefined, key: 'run_id', comparator: 'NOT IN', value: { kind: 'list', texts: ['a', 'b'] } })
  assert.equal(conditions("tags.a ilike 'B%'")[0]?.comparator, 'ILIKE')
  assert.deepEqual(conditions("run_id IN ('a',)")[0]?.value, { kind: 'list', texts: ['a'] }, 'a tuple of Python')
  assert.deepEqual(conditions('tags.a IS NOT NULL')[0], { entity: 'tags', key: 'a', comparator: 'IS NOT NULL', value: { kind: 'none' } })
})

test('nothing asks for everything', () => {
  assert.deepEqual(conditions(''), [])
  assert.deepEqual(conditions('  \n '), [])
})

test('anything else is refused', () => {
  for (const text of [
    "a = 'b' OR c = 'd'", "(a = 'b')", "a = 'b' c = 'd'", "a = 'b' AND", "AND a = 'b'", "a = b", 'a', "a LIKE", "a =", "= 'b'", "a == 'b'", "a = 'b", 'a = "b', "a IN 'b'", "a IN ()", "a IN ('b'", "a IN ('b' 'c')",
    "a IN (,)", "a IN ('b',,)", "NOT a = 'b'", "a NOT LIKE 'b'", "a. = 'b'", ".a = 'b'", "a = 1x", "a = 'b'; drop table x", "a = 'b' --", "a = 'b' /* c */", "'a' = 'b'", "a = `b`", "a IS 'b'", "a = null", "a BETWEEN 1 AND 2", "a = 1 + 1", '\0',
  ]) refused(text)
  refused(`a = '${'x'.repeat(30_000)}'`)
})

test('an order is a name and perhaps a direction', () => {
  assert.deepEqual(parseOrder('metrics.`val/acc` DESC'), { entity: 'metrics', key: 'val/acc', isAscending: false })
  assert.deepEqual(parseOrder('start_time'), { entity: undefined, key: 'start_time', isAscending: true })
  assert.deepEqual(parseOrder('params.a asc'), { entity: 'params', key: 'a', isAscending: true })
  for (const text of ['', 'a b', 'a DESC DESC', 'a, b', 'a = 1', 'a DESC; drop table x']) refused(text, parseOrder)
})

test('what random text gives is conditions or a refusal, and never anything else', () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  let state = seed
  const draw = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state % below
  }
  const pieces = ['metrics', '.', 'a', ' ', '=', '!=', '<', "'", '"', '`', '1', '-', '.5', 'AND', 'LIKE', 'IN', '(', ')', ',', 'NOT', 'IS', 'NULL', '%', '\\', ';', '\n', 'é', '\ud800']
  for (let round = 0; round < 5000; round += 1) {
    const text = Array.from({ length: draw(14) }, () => pieces[draw(pieces.length)]).join('')
    try {
      assert.ok(Array.isArray(parseFilter(text)))
    } catch (error) {
      assert.ok(error instanceof RefitError && error.code === 'tracking-invalid', `seed ${seed}: ${JSON.stringify(text)} gives ${String(error)}`)
    }
  }
})
