import assert from 'node:assert/strict'
import { test } from 'node:test'
import { columns, csvLines, read, sales } from './season.js'

test('the profile of a drop tells what is in its columns, whatever their type', async (context) => {
  const lines = csvLines(sales(300)).map((line, row) => (row > 0 && row <= 30 ? line.replace(/^(.*?,.*?,.*?,)\d/, '$1') : line))
  const { reading } = await read(context, { 'sales.csv': lines.join('\n') })
  const found = reading('sales.csv')
  assert.ok(found.accepted && found.profile !== undefined)
  const { rows, columns: profiles, sketch } = found.profile
  assert.equal(rows, 300)
  const { price, rooms, heating, renovated, sold, house } = profiles
  assert.ok(price?.kind === 'number' && rooms?.kind === 'number' && heating?.kind === 'category' && renovated?.kind === 'category' && sold?.kind === 'time')
  assert.deepEqual([price.missing, price.min, price.max, Math.round(10 * price.mean) / 10, price.quantiles[10]], [0, 100_000, 100_299, 100_149.5, 100_149])
  assert.equal(rooms.missing, 30)
  assert.deepEqual([heating.counted, heating.distinct, heating.values], [300, 2, [['gas', 150], ['oil', 150]]])
  assert.deepEqual(renovated.values, [['false', 200], ['true', 100]])
  assert.deepEqual([sold.oldest, sold.newest].map((time) => new Date(time).toISOString()), ['2026-01-01T00:00:00.000Z', '2026-01-13T11:00:00.000Z'])
  assert.deepEqual(house, { kind: 'other', missing: 0 })
  assert.equal(sketch.hashes.length, 256)
})

test('the sketch of a drop does not depend on the order of its rows or columns, and holds in a large drop what a small one has', async (context) => {
  const [head = '', ...lines] = csvLines(sales(60_000))
  const { reading } = await read(context, {
    'all.csv': [head, ...lines].join('\n'),
    'backwards.csv': [head, ...lines.toReversed()].join('\n'),
    'some.csv': [head, ...lines.slice(0, 200)].join('\n'),
  }, { ...columns, price: { type: 'number', role: 'target', optional: false } })
  const profiles = ['all.csv', 'backwards.csv', 'some.csv'].map((key) => {
    const found = reading(key)
    assert.ok(found.accepted && found.profile !== undefined)
    return found.profile
  })
  const [all, backwards, part] = profiles
  assert.ok(all !== undefined && backwards !== undefined && part !== undefined)
  assert.deepEqual(all.sketch, backwards.sketch)
  const common = part.sketch.hashes.filter((hash) => hash < all.sketch.below)
  assert.ok(common.every((hash) => all.sketch.hashes.includes(hash)))
  assert.equal(part.sketch.hashes.length, 200)
  const price = all.columns['price']
  assert.ok(price?.kind === 'number')
  assert.deepEqual([price.min, price.max], [100_000, 159_999])
  assert.ok(Math.abs((price.quantiles[10] ?? 0) - 130_000) < 2000, 'of a sample')
})
