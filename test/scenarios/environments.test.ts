import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { refit } from '../cli/refit-process.js'
import { createProject, until } from '../support/running-project.js'
import { MODEL, deliveries, smallProject } from '../support/small-project.js'

/** Each environment has a folder of its own for its drops. */
function files(): Readonly<Record<string, string>> {
  const plain = smallProject()
  const inFolder = (name: string): string => `${name}: { models: { '${MODEL}': { source: folder('drops-of-${name}') } } }`
  const config = (plain['refit.config.ts'] ?? '').replace(`models: { '${MODEL}': model }`, `models: { '${MODEL}': model }, environments: { ${inFolder('staging')}, ${inFolder('production')} }`)
  return { ...plain, 'refit.config.ts': config }
}

test('two environments of one project run at once, each with its own data, versions and processes; a version moves from one to the other', async (t) => {
  const project = await createProject(files())
  t.after(() => project.close())
  const [staging, production] = [project.inEnvironment('staging'), project.inEnvironment('production')]
  await staging.up()
  await production.up()
  await project.put('drops-of-staging/week-01.csv', deliveries(1))
  assert.equal((await staging.ended(`${MODEL}-1`)).outcome, 'promoted')
  await project.put('drops-of-staging/week-02.csv', deliveries(2))
  await project.put('drops-of-production/week-01.csv', deliveries(3))
  await Promise.all([staging.ended(`${MODEL}-2`), production.ended(`${MODEL}-1`)])
  const dropsOf = async (environment: typeof staging): Promise<readonly string[]> => (await environment.api().drops(MODEL)).drops.map(({ key }) => key).toSorted()
  assert.deepEqual([await dropsOf(staging), await dropsOf(production)], [['week-01.csv', 'week-02.csv'], ['week-01.csv']])
  const pids = [...(await staging.pids('control')), ...(await staging.pids('serving')), ...(await production.pids('control')), ...(await production.pids('serving'))]
  assert.equal(new Set(pids).size, 4)
  for (const environment of [staging, production]) await until('the endpoint answers', async () => ((await environment.predict(MODEL, [{ distance_km: 100 }]))?.status === 200 ? true : undefined))

  // Commands find the server of the environment that they name.
  const status = await refit(['status', '--environment', 'production'], { folder: project.folder })
  assert.match(status.out, /production/)
  const byVariable = await refit(['runs', '--json'], { folder: project.folder, environment: { REFIT_ENVIRONMENT: 'staging' } })
  assert.equal((byVariable.out.match(/"id"/g) ?? []).length, 2, byVariable.error)
  assert.match((await refit(['status'], { folder: project.folder })).error, /Refit is not running/)
  const unknown = await refit(['status', '--environment', 'prod'], { folder: project.folder })
  assert.match(unknown.error, /There is no environment prod; there are: staging, production\./)
  assert.match((await refit(['up', '--environment', 'prod'], { folder: project.folder })).error, /There is no environment prod/)
  assert.match((await refit(['down', '--environment', '../elsewhere'], { folder: project.folder })).error, /no name of an environment/)
  assert.ok(!existsSync(join(project.folder, '.refit', 'environments', 'prod')), 'nothing is left of a name that is refused')

  // What is champion in staging is checked in production, on the data there, and stays the same package.
  await project.put('drops-of-production/week-02.csv', deliveries(1))
  await production.ended(`${MODEL}-2`)
  const moved = await refit(['adopt', MODEL, '--from', 'staging', '--environment', 'production', '--reason', 'two good weeks'], { folder: project.folder })
  assert.equal(moved.code, 0, moved.out + moved.error)
  const there = (await staging.api().model(MODEL)).champion?.version ?? 0
  const [left, arrived] = [await staging.api().version(MODEL, there), await production.api().version(MODEL, (await production.api().model(MODEL)).champion?.version ?? 0)]
  assert.ok(arrived.serves)
  assert.equal(arrived.digest, left.digest)
  assert.deepEqual(arrived.origin?.version, { environment: 'staging', model: MODEL, number: there, digest: left.digest, run: left.run })
  assert.equal(arrived.origin.reason, 'two good weeks')
  const { trainedOn } = arrived.origin
  assert.ok(trainedOn.kind === 'elsewhere')
  assert.deepEqual([trainedOn.drops.length, trainedOn.cutBy], [2, 'order_id as a text'])
  const run = await production.ended(arrived.run ?? '')
  assert.deepEqual([run.causes[0]?.trigger, run.verdict?.answer, run.verdict?.champion?.version], ['adopt', 'passed', 2])
  // One drop is in both environments; the same split keeps its test rows from having been trained on in either.
  assert.equal(run.verdict?.test.ineligibleRows, 0)
  await until('the moved version at the endpoint', async () => {
    const [here, elsewhere] = [await production.predict(MODEL, [{ distance_km: 100 }]), await staging.predict(MODEL, [{ distance_km: 100 }])]
    return JSON.stringify(Reflect.get(Object(here?.body), 'predictions')) === JSON.stringify(Reflect.get(Object(elsewhere?.body), 'predictions')) || undefined
  })
  const none = await refit(['adopt', `${MODEL}@99`, '--from', 'staging', '--environment', 'production', '--reason', 'x'], { folder: project.folder })
  assert.match(none.error, /There is no version 99/)
  assert.match((await refit(['adopt', MODEL, '--from', 'none', '--environment', 'production', '--reason', 'x'], { folder: project.folder })).error, /Refit is not running/)

  // One ends, the other goes on.
  await staging.down()
  assert.deepEqual([await staging.pids('serving'), (await production.predict(MODEL, [{ distance_km: 100 }]))?.status], [[], 200])
})
