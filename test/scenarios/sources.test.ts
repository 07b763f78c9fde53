import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { Client } from 'pg'
import { startDatabase } from '../support/running-database.js'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { DROPS, MODEL, deliveries, smallProject } from '../support/small-project.js'

/** Every drop as `key state`, in the order of arrival. */
async function states(project: RunningProject): Promise<readonly string[]> {
  return (await project.api().drops(MODEL)).drops.map(({ key, state }) => `${key} ${state}`).toReversed()
}

/** Waits until as many drops have come as given, and all have been decided about. */
async function decided(project: RunningProject, drops: number): Promise<readonly string[]> {
  return until(`${drops} drops`, async () => {
    const seen = await states(project).catch(() => [])
    return seen.length >= drops && !seen.some((drop) => drop.endsWith(' recorded')) ? seen : undefined
  })
}

/** Two files with half of the rows each. */
function halves(seed: number): readonly [string, string] {
  const [head = '', ...lines] = deliveries(seed).trim().split('\n')
  const csv = (rows: readonly string[]): string => `${head}\n${rows.join('\n')}\n`
  return [csv(lines.slice(0, 150)), csv(lines.slice(150))]
}

const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex')

test('files that a manifest names are one drop, and quarantined as one when a file is not what the manifest says', async (t) => {
  const project = await createProject(smallProject({ source: `folder('${DROPS}', { complete: 'manifest' })` }))
  t.after(() => project.close())
  await project.up()
  const deliver = async (name: string, seed: number, declared: (content: string) => string): Promise<void> => {
    const files = halves(seed)
    for (const [index, content] of files.entries()) await project.put(`${DROPS}/${name}/part-${index}.csv`, content)
    await project.put(`${DROPS}/${name}/manifest.json`, JSON.stringify({ files: files.map((content, index) => ({ key: `part-${index}.csv`, bytes: content.length, sha256: declared(content) })) }))
  }
  await deliver('week-1', 1, sha256)
  const first = await project.ended(`${MODEL}-1`)
  assert.equal(first.outcome, 'promoted', first.explanation)
  assert.match(first.stages[0]?.summary ?? '', /^300 rows/)
  await deliver('week-2', 2, (content) => sha256(`${content}another row\n`))
  const second = await project.ended(`${MODEL}-2`)
  assert.equal(second.outcome, 'unchanged')
  assert.deepEqual(await states(project), ['week-1 ingested', 'week-2 quarantined'])
  const { faults = [] } = await project.api().drop(`${MODEL}-d2`)
  assert.deepEqual(faults.map(({ code }) => code), ['other-content'])
  assert.match(faults[0]?.message ?? '', /^File part-0\.csv has the SHA-256 [0-9a-f]{12}…, its manifest says [0-9a-f]{12}…, and so have 1 more\.$/)
  await deliver('week-2', 2, sha256)
  const third = await project.ended(`${MODEL}-3`)
  assert.match(third.stages[0]?.summary ?? '', /^600 rows/)
})

test('a query keeps a model up to date with a table: new rows, changed rows, and control killed in between', async (t) => {
  const database = await startDatabase()
  const shop = new Client({ connectionString: database.url })
  await shop.connect()
  await shop.query('create table orders (order_id text primary key, distance_km numeric, hours numeric, updated_at timestamptz)')
  const sell = async (seed: number, rows: number): Promise<void> => {
    const cells = deliveries(seed, rows).trim().split('\n').slice(1).map((line) => line.split(','))
    await shop.query('insert into orders select a, b::numeric, c::numeric, clock_timestamp() from unnest($1::text[], $2::text[], $3::text[]) as t (a, b, c)', [0, 1, 2].map((column) => cells.map((row) => row[column])))
  }
  await sell(1, 300)
  const source = `query({ database: secret('SHOP_DB'), query: 'select order_id, distance_km, hours, updated_at from orders', watermark: 'updated_at', overlap: '1 minute', every: '200 milliseconds' })`
  const project = await createProject(smallProject({ source, definition: "delivery: upsert(), contract: { otherColumns: 'ignore' }," }))
  t.after(async () => {
    await project.close()
    await shop.end()
    await database.stop()
  })
  const environment = { SHOP_DB: database.url }
  await project.up({ environment })
  const first = await project.ended(`${MODEL}-1`)
  assert.equal(first.outcome, 'promoted', first.explanation)
  await project.kill('control')
  await sell(2, 40)
  await shop.query("update orders set hours = hours * 1.01, updated_at = clock_timestamp() where order_id like 'o1-1%'")
  await project.up({ environment })
  const [former = '', later = ''] = await decided(project, 2)
  assert.match(former, /^\d{4}-\d\d-\d\dT[\d.-]+Z-[0-9a-f]{8}\.csv ingested$/)
  assert.match(later, / ingested$/)
  const rows = await until('a run with all rows', async () => {
    const { runs } = await project.api().runs({ model: MODEL })
    const summary = runs.length < 2 ? undefined : (await project.api().run(runs[0]?.id ?? '')).stages.find(({ name }) => name === 'split')?.summary
    const figures = /train ([\d,]+) · validation ([\d,]+) · test ([\d,]+) rows/.exec(summary ?? '')?.slice(1)
    return figures?.map(Number).reduce((sum, figure) => sum + figure, 0)
  })
  assert.equal(rows, 340)
  assert.doesNotMatch(JSON.stringify(await project.api().drop(`${MODEL}-d1`)), new RegExp(database.url.slice(0, 20)))
})

test('a command keeps a model up to date; while it fails, that is told and nothing else', async (t) => {
  const script = `
import fs from 'node:fs'
const { REFIT_OUTPUT, REFIT_WATERMARK, REFIT_NEXT_WATERMARK } = process.env
const week = Number(REFIT_WATERMARK) + 1
if (fs.existsSync('broken')) throw new Error('the shop does not answer')
if (fs.existsSync('week-' + week + '.csv')) {
  fs.copyFileSync('week-' + week + '.csv', REFIT_OUTPUT)
  fs.writeFileSync(REFIT_NEXT_WATERMARK, String(week))
}
`
  const project = await createProject({ ...smallProject({ source: `produce(['node', 'export.mjs'], { every: '200 milliseconds' })` }), 'export.mjs': script, 'week-1.csv': deliveries(1) })
  t.after(() => project.close())
  await project.up()
  const first = await project.ended(`${MODEL}-1`)
  assert.equal(first.outcome, 'promoted', first.explanation)
  await project.put('broken', '')
  const told = async (kind: string): Promise<string | undefined> => {
    const { events } = await project.api().events({ model: MODEL })
    return events.find((event) => event.kind === kind)?.text
  }
  assert.match(await until('the failure', () => told('source.failed')), /the shop does not answer/)
  const failure = async (): Promise<string | undefined> => (await project.api().model(MODEL)).sourceFailure?.message
  assert.match((await failure()) ?? '', /the shop does not answer/)
  await project.put('week-2.csv', deliveries(2))
  await project.remove('broken')
  await until('the recovery', () => told('source.recovered'))
  assert.equal(await failure(), undefined)
  assert.deepEqual(await decided(project, 2), ['1 ingested', '2 ingested'])
})
