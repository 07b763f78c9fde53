import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { systemClock as clock } from '../../src/clock.js'
import type { RunOutcome } from '../../src/database/schema.js'
import { tokenOf } from '../../src/http/access.js'
import { decline } from '../../src/registry/approval.js'
import { registerModels } from '../../src/registry/models.js'
import { retireModel } from '../../src/registry/retirement.js'
import { claimRun, endRun } from '../../src/runs/execution.js'
import { awaitingRun, promotedRun } from '../api/seeded-runs.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'
import { until } from '../support/running-project.js'
import { modelNamed, projectOf } from '../support/stored-models.js'
import { ask } from './running-mlflow.js'
import { startMlflowRoutes } from './running-routes.js'

const secrets = { viewer: 'viewer-secret-0123456789', operator: 'operator-secret-0123456789' }

let database: RunningDatabase
let url: string
let stop: () => Promise<void>
before(async () => {
  database = await startDatabase()
  await registerModels(database.database, clock, projectOf(...['house', 'flat', 'old'].map((name) => modelNamed(name))), 'test')
  const tokens = [tokenOf('ann', 'viewer', secrets.viewer), tokenOf('ops', 'operator', secrets.operator)]
  ;({ url, stop } = await startMlflowRoutes(database.database, { tokens }))
})
after(async () => {
  await stop()
  await database.stop()
})

/** What setting the alias is refused with: MLflow's clients show the message and nothing else. */
async function refusal(name: string, version: number, { alias = 'champion', secret = secrets.operator } = {}): Promise<string> {
  const { status, body, text } = await ask(url, 'POST', '/api/2.0/mlflow/registered-models/alias', { name, alias, version: String(version) }, { Authorization: `Bearer ${secret}` })
  assert.ok(status >= 400 && status < 500, text)
  return Value.Parse(Type.Object({ message: Type.String() }), body).message
}

test('a version that may not serve is refused with its state, and how it may', async () => {
  await promotedRun(database.database, 'house')
  const { run, version } = await awaitingRun(database.database, 'house')
  assert.match(await refusal('house', version), new RegExp(`its state is awaiting-approval\\. \`refit approve ${run}\` lets it serve\\. \`refit promote house ${version} --force --reason "…"\``))
  await decline(database.database, clock, { run, actor: 'ann', reason: 'no' })
  assert.match(await refusal('house', version), new RegExp(`its state is declined\\. Only a passing verdict or an approval .* \`refit promote house ${version} --force --reason "…"\``))
})

test('what is missing, retired or of another role, and an alias that looks like it, are refused with what to do', async () => {
  assert.match(await refusal('house', 99), /no version 99.*`refit versions`/)
  assert.match(await refusal('house', 1, { alias: 'Champion' }), /is written so, .*`refit promote house 1`; with --force --reason "…"/)
  assert.match(await refusal('house', 1, { secret: secrets.viewer }), /needs the role operator\. Ask whoever runs the platform/)
  await promotedRun(database.database, 'old')
  await retireModel(database.database, clock, { model: 'old', actor: 'ann', reason: 'sold' })
  assert.match(await refusal('old', 1), /was retired .*: sold.* `refit retire <model> --undo/)
})

test('however the check of a version ends that does not pass it, what to do next stands beside the reason', async () => {
  await promotedRun(database.database, 'flat')
  await promotedRun(database.database, 'flat')
  for (const [outcome, next] of [
    ['rejected', '`refit promote flat 1 --force --reason "…"`'],
    ['inconclusive', '`refit promote flat 1 --force --reason "…"`'],
    ['awaiting-approval', '`refit approve RUN` lets it serve.'],
    ['failed', 'To set the alias once more asks for another check.'],
  ] as const satisfies readonly (readonly [RunOutcome, string])[]) {
    const refused = refusal('flat', 1)
    const run = await until('the run', async () => (await database.database.selectFrom('runs').select('id').where('model', '=', 'flat').where('state', '=', 'waiting').executeTakeFirst())?.id)
    const claim = await claimRun(database.database, clock, run)
    assert.ok(claim !== undefined)
    await endRun(database.database, clock, claim, { outcome, explanation: 'It came so.' })
    const message = await refused
    for (const part of [`ended ${outcome}. It came so.`, `\`refit show ${run}\` has the verdict.`, next.replace('RUN', run)]) assert.ok(message.includes(part), `${outcome}: ${message}`)
  }
})
