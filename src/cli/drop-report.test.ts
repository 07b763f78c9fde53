import assert from 'node:assert/strict'
import { test } from 'node:test'
import pico from 'picocolors'
import type { DropState, DropSummary, DropsDecided } from '../api/wire/drop.js'
import { decisionReport, dropTable } from './drop-report.js'
import { widthOf } from './terminal.js'

const paint = pico.createColors(false)
const now = Date.parse('2026-03-01T00:00:00Z')
const reasons: Readonly<Record<DropState, string | undefined>> = {
  recorded: undefined,
  ingested: undefined,
  quarantined: 'Column price: 3 rows below the smallest allowed value 1. Column sqft: the target has no value in 3 rows. Column zipcode: 4 rows with a category that is not allowed.',
  discarded: 'Its content is that of drop house-price-d2 (2015-week-02.csv).',
  superseded: 'Delivered again as house-price-d2.',
  withdrawn: 'Withdrawn by cli:ada: prices times ten',
}

function drop(state: DropState, number: number): DropSummary {
  const reason = reasons[state]
  return {
    id: `house-price-d${number}`,
    model: 'house-price',
    source: 'folder:drops',
    key: `2015-week-0${number}.csv`,
    sha256: 'a'.repeat(64),
    bytes: 12_000,
    object: 'raw/a',
    state,
    recordedAt: '2026-02-28T23:00:00.000Z',
    changedAt: '2026-02-28T23:00:00.000Z',
    inSnapshots: 12,
    rows: 12_421,
    ...(reason === undefined ? {} : { reason }),
  }
}

const states: readonly DropState[] = ['recorded', 'ingested', 'quarantined', 'discarded', 'superseded', 'withdrawn']
const list = { drops: states.map((state, index) => drop(state, index + 1)) }

test('the table of drops fits 80 columns and says of each state why, below the drop', () => {
  const lines = dropTable({ paint, width: 80 }, 'house-price', list, now)
  for (const line of lines) assert.ok(widthOf(line) <= 80, line)
  for (const reason of Object.values(reasons)) if (reason !== undefined) assert.ok(lines.some((line) => line.trim() !== '' && reason.startsWith(line.trim().slice(0, 30))), reason)
  assert.equal(lines.length, 1 + states.length + 5)
})

test('where nobody watches, each drop is one line with all of its reason', () => {
  const lines = dropTable({ paint, width: Number.POSITIVE_INFINITY }, 'house-price', list, now)
  assert.equal(lines.length, 1 + states.length)
  for (const [index, state] of states.entries()) assert.ok(lines[index + 1]?.endsWith(reasons[state] ?? ''))
})

test('a withdrawal from which nothing was made says so in a line, and needs no repair', () => {
  const decided: DropsDecided = { drops: [drop('withdrawn', 1)], returned: [], withdrawal: { versions: [], repair: { isDone: false, needsRun: false } } }
  assert.deepEqual(decisionReport({ paint, width: 80 }, 'withdraw', decided).slice(1), ['  No version was made from it.'])
})

test('a repair without a version to go back to says that the champion serves on', () => {
  const withdrawal = { versions: [2, 1], champion: 2, repair: { isDone: true, needsRun: true, run: 'house-price-3' } }
  const lines = decisionReport({ paint, width: 80 }, 'withdraw', { drops: [drop('withdrawn', 1)], returned: [], withdrawal })
  assert.deepEqual(lines.slice(1), [
    '  Versions made from it: 2, 1',
    '  Version 2 serves. There is no version to go back to that saw no withdrawn drop: it serves on until a run replaces it.',
    '  Run house-price-3 trains without it.',
  ])
})
