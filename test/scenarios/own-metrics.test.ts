import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { RunDetail } from '../../src/api/wire/run.js'
import { createProject, type RunningProject } from '../support/running-project.js'
import { deliveries, DROPS, MODEL, smallProject } from '../support/small-project.js'

const project = (check: string, train = "module('trainer.ts', { predictor: 'predictor.ts' })"): Readonly<Record<string, string>> => ({
  ...smallProject(),
  'refit.config.ts': `
import { byGroup, column, defineModel, defineProject, folder, gradientBoostedTrees, metric, module } from 'refit'

const model = defineModel({
  task: 'regression',
  columns: {
    order_id: column.key(),
    ordered: column.time(),
    distance_km: column.number({ min: 0 }),
    parcels: column.weight(),
    hours: column.target({ min: 0 }),
  },
  source: folder('${DROPS}'),
  split: byGroup({ test: '25%' }),
  train: ${train},
  metrics: {
    meanError: metric('metrics/mean-error.ts', { better: 'lower', unit: 'h' }),
    lateness: metric('metrics/lateness.ts', { better: 'lower', unit: 'EUR' }),
  },
  ${check}
})

export default defineProject({ models: { '${MODEL}': model } })
`,
  'metrics/mean-error.ts': 'export const row = (truth: number, prediction: number): number => Math.abs(prediction - truth)\n',
  'metrics/lateness.ts': lateness('2'),
})

/** Parcels that come later than announced cost something an hour, in the order of the columns that the module is given. */
function lateness(price: string): string {
  return `
export function row(hours: number, announced: number, { ordered, distance_km, order_id, parcels, ...others }): number[] {
  if (!/^2026-\\d\\d-\\d\\dT00:00:00.000Z$/.test(ordered) || typeof distance_km !== 'number' || !order_id.startsWith('o') || !(parcels > 0)) throw new Error('other columns than there are')
  if (Object.keys(others).length > 0) throw new Error('too many columns: ' + Object.keys(others))
  return [Math.max(0, hours - announced) * ${price}, 1]
}
export const total = ([cost, rows], weight) => { if (rows !== weight) throw new Error(rows + ' is not ' + weight); return cost / weight }
`
}

/** The small project's drops with a date and a weight. */
function weighed(seed: number): string {
  const [head = '', ...lines] = deliveries(seed).trim().split('\n')
  return [`${head},ordered,parcels`, ...lines.map((line, row) => `${line},2026-03-${String(1 + (row % 28)).padStart(2, '0')},${row % 9 === 0 ? 0 : 1 + (row % 4)}`), ''].join('\n')
}

async function start(context: TestContext, files: Readonly<Record<string, string>>): Promise<RunningProject> {
  const running = await createProject(files)
  context.after(() => running.close())
  await running.up()
  return running
}

async function runAgain(running: RunningProject, number: number): Promise<RunDetail> {
  await running.api().requestRun(MODEL, { force: false })
  return running.ended(`${MODEL}-${number}`)
}

test('metrics of the user’s own are measured by weight, compared and told in their unit, and are part of the run', async (context) => {
  const running = await start(context, project("check: (m) => [m.custom('lateness').atMost(20), m.custom('meanError').notWorseThanChampion({ absolute: 3 }), m.mae.atMost(9)],"))
  await running.put(`${DROPS}/week-01.csv`, weighed(1))
  const first = await running.ended(`${MODEL}-1`)
  assert.equal(first.outcome, 'promoted', `${first.explanation} ${JSON.stringify(first.error)}`)
  assert.ok(first.verdict !== undefined)
  const { candidate, warnings } = first.verdict
  assert.deepEqual(warnings, [])
  // The same sums, whoever makes them.
  assert.deepEqual(candidate['custom:meanError'], candidate['mae'])
  assert.ok((candidate['custom:lateness']?.value ?? 0) > 0)
  assert.equal(first.rules[0]?.label, 'lateness at most 20 EUR')
  assert.match(first.rules[0].candidate ?? '', /^[\d.]+ EUR$/)
  assert.match(first.rules[0].explanation, /^lateness is [\d.]+ EUR; at most 20 EUR is asked for\.$/)
  assert.equal((await runAgain(running, 2)).outcome, 'unchanged')

  await running.put('metrics/lateness.ts', lateness('6'))
  const dearer = await runAgain(running, 3)
  assert.notEqual(dearer.outcome, 'unchanged')
  const [before, now] = [candidate['custom:lateness']?.value ?? 0, dearer.verdict?.champion?.metrics['custom:lateness']?.value ?? 0]
  assert.ok(Math.abs(now / before - 3) < 1e-9, `${before} ${now}`)
  assert.ok(dearer.rules.some(({ label }) => label === 'meanError not worse than the champion by 3 h'), JSON.stringify(dearer.rules))
})

test('a metric that throws at some row lets nothing pass, and the verdict says why; a trainer that cannot weigh is named', async (context) => {
  const running = await start(context, {
    ...project("check: (m) => [m.custom('lateness').atMost(1_000_000)],", 'gradientBoostedTrees()'),
    'metrics/lateness.ts': "export const row = (hours: number): number => { if (hours > 30) throw new RangeError('so long?'); return hours }\n",
  })
  await running.put(`${DROPS}/week-01.csv`, weighed(1))
  const run = await running.ended(`${MODEL}-1`)
  assert.equal(run.outcome, 'rejected', `${run.explanation} ${JSON.stringify(run.error)}`)
  assert.match(run.explanation ?? '', /lateness is undefined \(an undefined figure never passes\)/)
  assert.match(run.verdict?.warnings[0] ?? '', /^lateness of the candidate is undefined: row throws RangeError: so long\? \(row \d+ of the set\)\.$/)
  assert.ok(run.verdict?.warnings.includes('Metrics weigh rows by parcels; gradient-boosted-trees cannot weigh, so the model was trained on all rows alike.'))
})
