import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { nameFrom, type Choices } from './choices.js'
import type { InferredColumn, InferredData } from './inferred-data.js'
import { proposeProject } from './propose-project.js'
import { openQuestions, proposeRoles, taskOf } from './propose-roles.js'

const ROWS = 1000

/** A column of 1,000 rows: by default a number of many values. */
function column(name: string, given: Partial<InferredColumn> = {}): InferredColumn {
  const distinct = given.distinct ?? 400
  return { name, type: 'number', distinct, missing: 0, unique: distinct / ROWS, whole: false, ...given }
}

function data(...columns: readonly InferredColumn[]): InferredData {
  return { rows: ROWS, complete: true, columns: [...columns] }
}

const choices: Choices = { name: 'sales', target: 'amount', ignore: [], split: 'group' }
const id = { whole: true } as const

function roleOf(looked: InferredColumn, given: Partial<Choices> = {}): string {
  const found = proposeRoles(data(column('amount'), column('size'), looked), { ...choices, ...given }).find(({ name }) => name === looked.name)
  return found?.role === 'feature' ? found.type : (found?.role ?? 'nothing')
}

test('an id is a key where it never repeats, a group where it does, and a category where there is a handful', () => {
  for (const name of ['id', 'ID', 'order_id', 'orderId', 'Order ID', 'uuid']) {
    assert.equal(roleOf(column(name, { ...id, distinct: ROWS })), 'key', name)
    assert.equal(roleOf(column(name, { ...id, distinct: 300 })), 'group', name)
    assert.equal(roleOf(column(name, { type: 'category', distinct: 5 })), 'category', name)
  }
})

test('what only looks like an id by its name or its values is a feature', () => {
  assert.equal(roleOf(column('paid', { ...id, distinct: ROWS })), 'number')
  assert.equal(roleOf(column('order_id', { whole: false, distinct: ROWS })), 'number')
  assert.equal(roleOf(column('lot_size', { ...id, distinct: ROWS })), 'number')
})

test('codes are categories, unless they hardly repeat', () => {
  for (const name of ['zipcode', 'zip', 'postal_code', 'code']) assert.equal(roleOf(column(name, { whole: true, distinct: 70 })), 'category', name)
  assert.equal(roleOf(column('zipcode', { whole: true, distinct: 900 })), 'number')
  assert.equal(roleOf(column('barcodes', { whole: true, distinct: 70 })), 'number')
})

test('what cannot help is ignored: constants, free text, nothing at all, further ids and times', () => {
  assert.equal(roleOf(column('country', { distinct: 1 })), 'ignored')
  assert.equal(roleOf(column('remark', { type: 'text', distinct: 990 })), 'ignored')
  assert.equal(roleOf(column('gone', { type: 'text', distinct: 0, missing: 1 })), 'ignored')
  assert.equal(roleOf(column('buyer_id', { ...id, distinct: 300 }), { group: 'none' }), 'ignored')
  assert.equal(roleOf(column('sold', { type: 'time' }), { time: 'none' }), 'ignored')
})

test('the task follows from the target, and is open for a few whole numbers only', () => {
  assert.equal(taskOf(column('price')), 'regression')
  assert.equal(taskOf(column('label', { type: 'category', distinct: 3 })), 'classification')
  assert.equal(taskOf(column('label', { whole: true, distinct: 2 })), 'classification')
  assert.equal(taskOf(column('stars', { whole: true, distinct: 5 })), undefined)
})

test('one candidate is taken, several are asked about, the coarsest group and the telling target first', () => {
  const several = data(column('order_id', { ...id, distinct: 800 }), column('buyer_id', { ...id, distinct: 300 }), column('price'), column('size'))
  const [target, group, ...others] = openQuestions(several, { ...choices, target: undefined })
  assert.deepEqual([target?.flag, target?.proposed], ['target', 'price'])
  assert.deepEqual([group?.flag, group?.proposed, group?.options], ['group', 'buyer_id', ['buyer_id', 'order_id', 'none']])
  assert.deepEqual(others, [])
  assert.deepEqual(openQuestions(data(column('order_id', { ...id, distinct: 800 }), column('amount')), choices), [])
})

test('the target is proposed by its name, else it is the last that can be one', () => {
  const proposed = (...columns: readonly InferredColumn[]): string | undefined => openQuestions(data(...columns), { ...choices, target: undefined })[0]?.proposed
  assert.equal(proposed(column('y'), column('x')), 'y')
  assert.equal(proposed(column('a'), column('b'), column('c', { missing: 0.1 }), column('d', { type: 'time' })), 'b')
})

test('no name and no value leaves its string literal or its comment', () => {
  const hostile = ["'", '"', '\\', '\\"', "\\'", '`${x}`', '*/', '\n', '\r', '\u2028', '\u202e', '\u{e0001}', '\u0000', '\ud800', '//']
  for (const text of hostile) {
    const looked = data(column('amount', { type: 'category', distinct: 2, values: [text, 'b'] }), column(text), column('n', { type: 'text', strays: { rows: 1, example: text } }))
    const written = proposeProject(looked, choices, `${text}.csv`).files.find(({ path }) => path === 'models/sales.ts')?.text ?? ''
    const lines = written.split(/[\n\r\u2028\u2029]/)
    const objects = lines.map((line) => /column\.target\((\{.*\})\)/.exec(line)?.[1]).find((found) => found !== undefined)
    // Evaluated as the program would be: the literal must give the very text back.
    assert.equal(runInNewContext(`JSON.stringify((${objects ?? 'undefined'}).values)`), JSON.stringify([text, 'b']))
    assert.equal(lines.filter((line) => /^ {4}\S/.test(line)).length, 3, written)
  }
})

test('the import of a model is never a word of the language', () => {
  for (const [name, variable] of [['house-price', 'housePrice'], ['class', 'classModel'], ['class-', 'classModel'], ['define-project', 'defineProjectModel']] as const) {
    const files = proposeProject(data(column('amount'), column('size')), { ...choices, name }, 'x.csv').files
    assert.match(files.at(-1)?.text ?? '', new RegExp(`^import ${variable} from './models/${name}\\.js'$`, 'm'))
  }
})

test('a model is named after its file', () => {
  const names = { 'sales.csv': 'sales', 'House Sales 2024.csv.gz': 'house-sales-2024', '2024.csv': 'model-2024', 'Umsätze.parquet': 'umsatze', '销售.csv': 'model', '-.json': 'model' }
  for (const [file, name] of Object.entries(names)) assert.equal(nameFrom(file), name)
  assert.match(nameFrom(`${'a-'.repeat(60)}.csv`), /^[a-z][a-z0-9-]{0,62}$/)
})
