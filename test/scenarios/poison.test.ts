import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredColumn } from '../../src/define/stored-definition.js'
import { readSeason } from './arriving-drops.js'
import { exportedAgain, poisons } from './poisoned-weeks.js'
import { noSharedData, weeklyFiles } from './shared-data.js'

const options = noSharedData === undefined ? {} : { skip: noSharedData }

const feature = (optional = false): StoredColumn => ({ type: 'number', role: 'feature', optional })
const houses: Readonly<Record<string, StoredColumn>> = {
  id: { type: 'text', role: 'group', optional: false },
  date: { type: 'time', role: 'time', optional: false },
  price: { type: 'number', role: 'target', optional: false, min: 1 },
  bedrooms: feature(true),
  bathrooms: feature(true),
  ...Object.fromEntries(['sqft_living', 'sqft_lot', 'floors', 'waterfront', 'view', 'condition', 'grade', 'sqft_above', 'sqft_basement', 'yr_built', 'yr_renovated'].map((column) => [column, feature()])),
  zipcode: { type: 'category', role: 'feature', optional: false },
  ...Object.fromEntries(['lat', 'long', 'sqft_living15', 'sqft_lot15'].map((column) => [column, feature()])),
}
const electricity: Readonly<Record<string, StoredColumn>> = {
  timestamp: { type: 'time', role: 'time', optional: false },
  ...Object.fromEntries(['period', 'nswdemand', 'vicprice', 'vicdemand', 'transfer'].map((column) => [column, feature()])),
  nswprice: { type: 'text', role: 'ignored', optional: true },
  class: { type: 'category', role: 'target', optional: false, values: ['UP', 'DOWN'] },
}

const weeksOf = (file: string, column: string): readonly { readonly key: string; readonly content: string; readonly rows: number }[] => weeklyFiles(file, column).map((week) => ({ ...week, key: week.name }))

/** Early, middle and late in the season. */
const places = [9, 30, 50]

test('of 57 clean weeks at most two are taken for implausible, at any level', options, async (context) => {
  const season = await readSeason(context, weeksOf('king-county-house-sales.csv', 'date'), houses)
  for (const level of ['strict', 'standard', 'loose'] as const) {
    const arrived = season.arrive({ level })
    const alarms = arrived.filter(({ state }) => state !== 'ingested')
    context.diagnostic(`${level}: ${alarms.length} of ${arrived.length} clean weeks refused${alarms.map(({ key, faults }) => `; ${key}: ${faults.map(({ message }) => message).join(' ')}`).join('')}`)
    assert.ok(alarms.length <= (level === 'strict' ? 2 : 0), level)
  }
})

test('every poisoned week is quarantined with its reason, and the weeks around it are accepted', options, async (context) => {
  const weeks = weeksOf('king-county-house-sales.csv', 'date')
  const files = weeks.flatMap((week, index) => [
    ...(places.includes(index) ? poisons.map(({ name, spoil }) => ({ key: `${week.key}: ${name}`, content: spoil({ name: week.key, rows: week.rows, content: week.content }) })) : []),
    week,
  ])
  const arrived = (await readSeason(context, files, houses)).arrive()
  for (const { name, code, column, says } of poisons) {
    for (const { key, state, faults } of arrived.filter((each) => each.key.endsWith(`: ${name}`))) {
      assert.equal(state, 'quarantined', key)
      const fault = faults.find((each) => each.code === code && each.column === column)
      assert.ok(fault !== undefined, `${key}: ${JSON.stringify(faults)}`)
      assert.match(fault.message, says)
      if (key.startsWith(weeks[places[1] ?? 0]?.key ?? '')) context.diagnostic(`${name}: ${faults.map(({ message }) => message).join(' ')}`)
    }
  }
  assert.equal(arrived.length, 57 + places.length * poisons.length)
  assert.deepEqual(arrived.filter(({ key, state }) => !key.includes(': ') && state !== 'ingested'), [])
})

test('a week that comes again is quarantined in another order, and discarded as the same bytes', options, async (context) => {
  const weeks = weeksOf('king-county-house-sales.csv', 'date')
  const files = weeks.flatMap((week, index) => {
    const former = weeks[index - 3]
    if (!places.includes(index) || former === undefined) return [week]
    return [week, { key: `again-${former.key}`, content: exportedAgain({ name: former.key, rows: former.rows, content: former.content }) }, { key: `copy-${former.key}`, content: former.content }]
  })
  const arrived = (await readSeason(context, files, houses)).arrive()
  for (const { key, state, faults } of arrived) {
    const expected = key.startsWith('again-') ? 'quarantined' : key.startsWith('copy-') ? 'discarded' : 'ingested'
    assert.equal(state, expected, `${key}: ${JSON.stringify(faults)}`)
    if (expected !== 'quarantined') continue
    assert.deepEqual(faults.map(({ code }) => code), ['implausible-repeats'])
    assert.match(faults[0]?.message ?? '', new RegExp(`^100 % of the rows are in accepted drops already, 100 % in m-d\\d+ \\(${key.slice('again-'.length)}\\)`))
  }
})

test('with plausibility off nothing but the contract is asked', options, async (context) => {
  const weeks = weeksOf('king-county-house-sales.csv', 'date').slice(0, 12)
  const files = [...weeks, ...poisons.map(({ name, spoil }) => ({ key: name, content: spoil({ name, rows: 0, content: weeks[11]?.content ?? '' }) }))]
  const arrived = (await readSeason(context, files, houses)).arrive({ level: 'off' })
  assert.deepEqual(arrived.filter(({ state }) => state !== 'ingested').map(({ key, faults }) => [key, faults.map(({ code }) => code)]), [['half of a required column empty', ['missing-value']]])
})

test('a regime that really changes asks for a person, whose release teaches what is plausible from then on', options, async (context) => {
  const season = await readSeason(context, weeksOf('nsw-electricity.csv', 'timestamp'), electricity)
  const alone = season.arrive()
  const [first] = alone.filter(({ state }) => state === 'quarantined')
  // Until then the columns of Victoria have one value each.
  assert.equal(first?.key, '1997-W19.csv')
  assert.deepEqual(new Set(first.faults.map(({ code, column }) => `${code} ${column ?? ''}`)), new Set(['implausible-values transfer', 'implausible-values vicdemand', 'implausible-values vicprice']))
  assert.ok(alone.at(-1)?.state === 'quarantined')
  const guided = season.arrive({ released: new Set([first.key]) })
  const refused = guided.filter(({ state }) => state !== 'ingested').map(({ key }) => key)
  context.diagnostic(`${guided.length} weeks of electricity: ${first.key} released, refused besides: ${refused.join(', ') || 'none'}`)
  assert.ok(refused.length <= 2)
})
