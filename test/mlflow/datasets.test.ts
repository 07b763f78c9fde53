import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logInputs, type DatasetInput } from '../../src/tracking/inputs.js'
import { withData } from '../../src/tracking/run-data.js'
import { createRun, getRun } from '../../src/tracking/runs.js'
import { startDatabase } from '../support/running-database.js'
import { seededRandom } from '../support/seeded-random.js'

const ROUNDS = 150
const DATASETS = 12
const CLIENTS = 3

test('clients that log the same datasets at the same time, each in its own order, do not wait for each other in a circle', async (context) => {
  const random = seededRandom(context)
  const { database, stop } = await startDatabase()
  context.after(stop)
  const shuffled = <T>(values: readonly T[]): readonly T[] => values.map((value) => ({ value, at: random.below(1_000_000) })).toSorted((one, other) => one.at - other.at).map(({ value }) => value)
  const runs = await Promise.all(Array.from({ length: CLIENTS }, async () => (await createRun(database, { experiment: '0', name: undefined, user: undefined, startedAt: 1, tags: [] })).id))
  for (let round = 0; round < ROUNDS; round += 1) {
    // New ones in each round: whoever makes one holds it until all of its own are there.
    const inputs = Array.from({ length: DATASETS }, (_, index): DatasetInput => ({ dataset: { name: `rows-${round}-${index}`, digest: 'd', sourceType: 's', source: 's', schema: undefined, profile: undefined }, tags: [] }))
    await Promise.all(runs.map((run) => logInputs(database, run, shuffled(inputs), [], 'anybody')))
  }
  for (const run of await withData(database, await Promise.all(runs.map((id) => getRun(database, id))))) assert.equal(run.data.datasets.length, ROUNDS * DATASETS)
})
