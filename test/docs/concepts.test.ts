import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { DropState } from '../../src/api/wire/drop.js'
import { RunSummary } from '../../src/api/wire/run.js'
import { RESAMPLES } from '../../src/evaluation/bootstrap.js'
import { SMALLEST } from '../../src/evaluation/small-sets.js'
import { MOST_ROWS } from '../../src/serving/wire.js'
import { readPage, root, tablesOf } from './pages.js'

const concepts = tablesOf(readPage('docs/concepts.md'))

function firstCells(heading: string): readonly string[] {
  const table = concepts.find((each) => each.heading === heading)
  assert.ok(table !== undefined, heading)
  return table.rows.map(([cell = '']) => cell)
}

test('docs/concepts.md has the six stages, in their order', () => {
  const lifecycle = readFileSync(join(root, 'src', 'lifecycle', 'lifecycle.ts'), 'utf8')
  const stages = [...lifecycle.matchAll(/stage\('(\w+)'/g)].map(([, name]) => name)
  assert.deepEqual(firstCells('The six stages'), stages)
})

test('docs/concepts.md has every state of a drop and every outcome of a run', () => {
  const states = DropState.anyOf.map((literal) => literal.const)
  // Nothing withdraws a drop yet.
  assert.deepEqual([...firstCells('What happens to a drop'), 'withdrawn'].toSorted(), states.toSorted())
  const outcomes = RunSummary.properties.outcome.anyOf.map((literal) => literal.const)
  assert.deepEqual(firstCells('Outcomes').toSorted(), outcomes.toSorted())
})

test('the figures that the pages name are those of the code', () => {
  const verdicts = readPage('docs/verdicts.md')
  assert.ok(verdicts.includes(`${RESAMPLES.toLocaleString('en-US')} resamples`))
  assert.ok(verdicts.includes(`Fewer than ${SMALLEST.group} units (${SMALLEST.time} with \`byTime\`), or fewer than ${SMALLEST.class} test rows of a class`))
  assert.ok(readPage('docs/serving.md').includes(`up to ${MOST_ROWS.toLocaleString('en-US')} rows`))
})
