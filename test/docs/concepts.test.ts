import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { DropState } from '../../src/api/wire/drop.js'
import { RunSummary } from '../../src/api/wire/run.js'
import { transitions } from '../../src/drops/transitions.js'
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

test('docs/concepts.md has the stages, in their order', () => {
  const lifecycle = readFileSync(join(root, 'src', 'lifecycle', 'lifecycle.ts'), 'utf8')
  const stages = [...lifecycle.matchAll(/stage\('(\w+)'/g)].map(([, name]) => name)
  assert.deepEqual(firstCells('The stages'), stages)
})

test('docs/concepts.md has every state of a drop and every outcome of a run', () => {
  const states = DropState.anyOf.map((literal) => literal.const)
  assert.deepEqual(firstCells('What happens to a drop').toSorted(), states.toSorted())
  const outcomes = RunSummary.properties.outcome.anyOf.map((literal) => literal.const)
  assert.deepEqual(firstCells('Outcomes').toSorted(), outcomes.toSorted())
})

test('docs/concepts.md has every decision about a drop, with the states it leads from and to', () => {
  const table = concepts.find(({ heading }) => heading === 'What people decide')
  const documented = table?.rows.map(([command = '', from, to]) => [command.replaceAll(/`|refit drops /g, ''), from, to])
  assert.deepEqual(documented, Object.entries(transitions).map(([kind, { from, to }]) => [kind, from.join(', '), to]))
})

test('the figures that the pages name are those of the code', () => {
  const verdicts = readPage('docs/verdicts.md')
  assert.ok(verdicts.includes(`${RESAMPLES.toLocaleString('en-US')} resamples`))
  assert.ok(verdicts.includes(`Fewer than ${SMALLEST.group} units (${SMALLEST.time} with \`byTime\`), or fewer than ${SMALLEST.class} test rows of a class`))
  assert.ok(readPage('docs/serving.md').includes(`up to ${MOST_ROWS.toLocaleString('en-US')} rows`))
})
