import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { systemClock as clock } from '../../src/clock.js'
import type { Database } from '../../src/database/schema.js'
import { promoteByAlias } from '../../src/mlflow/champion-alias.js'
import { approve } from '../../src/registry/approval.js'
import { registerModels } from '../../src/registry/models.js'
import { retireModel } from '../../src/registry/retirement.js'
import { createRegisteredModel, getRegisteredModel, setAlias } from '../../src/tracking/registered-models.js'
import { searchRegisteredModels, searchVersions } from '../../src/tracking/search/search-registry.js'
import { createVersion, getVersion } from '../../src/tracking/version-changes.js'
import { awaitingRun, promotedRun } from '../api/seeded-runs.js'
import { startDatabase, type RunningDatabase } from '../support/running-database.js'
import { modelNamed, projectOf } from '../support/stored-models.js'

let running: RunningDatabase
let database: Database
before(async () => {
  running = await startDatabase()
  database = running.database
})
after(() => running.stop())

const champion = async (model: string): Promise<number | undefined> => (await getRegisteredModel(database, model)).aliases.find(({ alias }) => alias === 'champion')?.version
const tag = async (model: string, version: number, key: string): Promise<string | undefined> => (await getVersion(database, model, version)).tags.find((each) => each.key === key)?.value
const found = async (filter: string): Promise<readonly number[]> => (await searchVersions(database, { filter, order: ['version_number'], most: 10, pageToken: undefined })).items.map(({ number }) => number)

test('a name that a client has taken before stays with all it has, under another one', async () => {
  await createRegisteredModel(database, clock, { name: 'taken', description: 'of a client', tags: [{ key: 'team', value: 'x' }] })
  await createVersion(database, clock, { model: 'taken', source: 's3://bucket/model', run: undefined, runLink: undefined, description: undefined, loggedModel: undefined, user: 'ann', tags: [] })
  await setAlias(database, 'taken', 'champion', 1)
  const { rows: [registered] } = await sql<{ id: string }>`select id from tracking.registered_models where name = 'taken'`.execute(database)
  // Somebody has foreseen it.
  await createRegisteredModel(database, clock, { name: `taken (registered ${registered?.id ?? ''})`, description: 'another', tags: [] })
  await registerModels(database, clock, projectOf(modelNamed('taken')), 'test')
  const { items } = await searchRegisteredModels(database, { filter: "name LIKE 'taken%'", order: [], most: 10, pageToken: undefined })
  assert.equal(items.length, 3)
  const [own, another, former] = items
  assert.equal(another?.description, 'another')
  assert.deepEqual([own?.name, own?.tags, own?.aliases, own?.latestVersions], ['taken', [{ key: 'refit.task', value: 'regression' }], [], []])
  assert.match(former?.name ?? '', /^taken \(registered (\d+)\) \(registered \1\)$/)
  assert.deepEqual([former?.description, former?.tags, former?.aliases, former?.latestVersions[0]?.source], ['of a client', [{ key: 'team', value: 'x' }], [{ alias: 'champion', version: 1 }], 's3://bucket/model'])
})

test('alias, state and figures are those of the lifecycle at any time', async () => {
  await registerModels(database, clock, projectOf(modelNamed('taken'), modelNamed('house')), 'test')
  await promotedRun(database, 'house')
  assert.equal(await champion('house'), 1)
  const { run: waiting } = await awaitingRun(database, 'house')
  assert.deepEqual([await champion('house'), await tag('house', 2, 'refit.state'), await tag('house', 1, 'refit.state')], [1, 'awaiting-approval', 'passed'])
  assert.deepEqual(await found("name = 'house' AND tags.`refit.state` = 'awaiting-approval'"), [2])
  await approve(database, clock, { run: waiting, actor: 'ann', anyway: true })
  assert.deepEqual([await champion('house'), await tag('house', 2, 'refit.state'), await tag('house', 2, 'refit.run')], [2, 'approved', waiting])
  assert.deepEqual(await found("name = 'house' AND tags.`refit.verdict` LIKE '%' AND tags.`refit.run` != 'x'"), [1, 2])

  // Whoever waits no longer than their connection does, is not told that the alias is set.
  await assert.rejects(promoteByAlias({ database, clock }, { model: 'house', version: 1, actor: 'ann' }, AbortSignal.abort()), { code: 'promotion-under-way' })
  assert.equal(await champion('house'), 2)

  await retireModel(database, clock, { model: 'house', actor: 'ann', reason: 'sold' })
  assert.equal(await champion('house'), undefined, 'nothing serves')
  assert.deepEqual(await found("name = 'house'"), [1, 2], 'its versions are kept')
})

test('what is taken out of the project keeps its versions, and none of them is champion', async () => {
  await registerModels(database, clock, projectOf(modelNamed('gone')), 'test')
  await promotedRun(database, 'gone')
  await registerModels(database, clock, projectOf(), 'test')
  assert.deepEqual([await champion('gone'), await found("name = 'gone'")], [undefined, [1]])
  await registerModels(database, clock, projectOf(modelNamed('gone')), 'test')
  assert.equal(await champion('gone'), 1)
})
