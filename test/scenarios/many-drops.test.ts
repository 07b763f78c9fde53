import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { Snapshot } from '../../src/data/snapshot.js'
import type { DropSummary } from '../../src/api/wire/drop.js'
import { connectS3, type S3 } from '../../src/s3/client.js'
import { createProject, until, type Part, type RunningProject } from '../support/running-project.js'
import { needsS3Server, startS3Server } from '../support/s3-server.js'
import { MODEL, smallProject } from '../support/small-project.js'
import { planDrops, type Act, type Plan } from './many-drops-plan.js'

const BUCKET = 'deliveries'
const SECRET = 'a secret of sixteen or more'
const SEED = Number(process.env['REFIT_TEST_SEED'] ?? 20_261_123)
/** Of each kind of bucket: 500 drops and 20 kills together. */
const DROPS = 250
const KILLS = 10
const killed: Readonly<Record<Extract<Act, { kind: 'kill' }>['parts'], readonly Part[]>> = {
  control: ['control'],
  'control and children': ['control', 'children'],
  everything: ['control', 'serving', 'postgres', 'children'],
}

for (const versions of [false, true]) {
  test(`${DROPS} drops, announced up to 3 times in any order, overwritten, half written, copied, withdrawn, through ${KILLS} kills: each ends in one state, each accepted row is in the snapshot once, ${versions ? 'where the bucket keeps versions' : 'where it keeps none'}`, needsS3Server, async (context) => {
    context.diagnostic(`REFIT_TEST_SEED=${SEED}`)
    const server = await startS3Server(context)
    await server.bucket(BUCKET, { versions })
    const project = await createProject(
      smallProject({
        source: `s3('s3://${BUCKET}', { announcements: { secret: secret('ANNOUNCEMENTS') }, listEvery: '5 seconds' })`,
        // Every delivery is made up: what it says is nobody's price.
        definition: "contract: { plausibility: 'off' },",
      }),
    )
    const environment = { ...server.environment, ANNOUNCEMENTS: SECRET }
    const plan = planDrops(SEED, DROPS, KILLS)
    const s3 = await connectS3(server.access)
    try {
      await project.up({ environment })
      await carryOut(plan, project, s3, environment)
      await settled(project)
      const drops = await allDrops(project)
      assertStates(plan, drops)
      const delivered = await deliveredRows(server.folderOf(BUCKET), plan, drops)
      const kept = await snapshotRows(project)
      assert.equal(kept.rows, plan.rows.size, 'rows of the snapshot, by the plan')
      assert.equal(kept.distinct, kept.rows, 'a row is in the snapshot twice')
      assert.deepEqual(kept.ids, delivered, 'rows of the snapshot, by the files as they lie in the bucket')
      assert.deepEqual(new Set(kept.ids), plan.rows)
    } finally {
      s3.client.destroy()
      await project.close()
    }
  })
}

/** Does what the plan says, one act after another; only the program's own doing goes on beside it. */
async function carryOut(plan: Plan, project: RunningProject, s3: S3, environment: Readonly<Record<string, string>>): Promise<void> {
  const { sdk, client } = s3
  const uploads = new Map<string, { readonly id: string; readonly tag: string }>()
  for (const act of plan.acts) {
    if (act.kind === 'kill') {
      await project.kill(...killed[act.parts])
      await project.up({ environment })
      continue
    }
    const at = { Bucket: BUCKET, Key: act.key }
    switch (act.kind) {
      case 'put':
        await client.send(new sdk.PutObjectCommand({ ...at, Body: act.content }))
        break
      case 'begin': {
        const { UploadId = '' } = await client.send(new sdk.CreateMultipartUploadCommand(at))
        const { ETag = '' } = await client.send(new sdk.UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: act.content }))
        uploads.set(act.key, { id: UploadId, tag: ETag })
        break
      }
      case 'finish': {
        const upload = uploads.get(act.key)
        await client.send(new sdk.CompleteMultipartUploadCommand({ ...at, UploadId: upload?.id, MultipartUpload: { Parts: [{ PartNumber: 1, ETag: upload?.tag }] } }))
        break
      }
      case 'announce':
        await announce(project, act.key)
        break
      case 'withdraw':
      case 'restore':
        await project.api().decideDrops({ kind: act.kind, drops: [(await taken(project, act.key)).id], reason: 'as planned' })
        break
      case 'remove':
        await taken(project, act.key)
        await client.send(new sdk.DeleteObjectCommand(at))
        break
    }
  }
}

/** An event as S3 sends it; whether it is heard or not, the listing finds the object. */
async function announce(project: RunningProject, key: string): Promise<void> {
  const encoded = encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/')
  const event = { Records: [{ eventVersion: '2.1', eventSource: 'aws:s3', eventName: 'ObjectCreated:Put', s3: { bucket: { name: BUCKET }, object: { key: encoded } } }] }
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${SECRET}` }
  const answer = await fetch(`${project.api().url}/api/v1/announcements`, { method: 'POST', headers, body: JSON.stringify(event) })
  assert.ok(answer.ok, `announcing ${key}: ${answer.status} ${await answer.text()}`)
}

/** The newest drop of a key, once there is one. */
async function taken(project: RunningProject, key: string): Promise<DropSummary> {
  return until(`a drop of ${key}`, async () => (await allDrops(project)).find((drop) => drop.key === key))
}

/** All drops, the newest first. */
async function allDrops(project: RunningProject): Promise<readonly DropSummary[]> {
  const all: DropSummary[] = []
  let before: string | undefined
  do {
    const page = await project.api().drops(MODEL, { limit: 1000, before })
    all.push(...page.drops)
    before = page.before
  } while (before !== undefined)
  return all
}

/** Waits until every object has been listed and every drop has been through a run. */
async function settled(project: RunningProject): Promise<void> {
  const quiet = async (): Promise<number | undefined> => {
    const drops = await allDrops(project)
    const { runs } = await project.api().runs({ model: MODEL, limit: 1 })
    return drops.every(({ state }) => state !== 'recorded') && runs.every(({ state }) => state === 'ended') ? drops.length : undefined
  }
  for (let same = 0, former = -1; same < 4; ) {
    const count = await until('the last run', quiet, 500)
    same = count === former ? same + 1 : 0
    former = count
    await new Promise((resolve) => {
      setTimeout(resolve, 2000)
    })
  }
}

/** Each name has the states that its life leaves, and one drop at most in the history. */
function assertStates(plan: Plan, drops: readonly DropSummary[]): void {
  assert.equal(new Set(drops.map(({ id }) => id)).size, drops.length)
  const statesOf = (key: string): readonly string[] => drops.filter((drop) => drop.key === key).toReversed().map(({ state }) => state)
  for (const { key, life, original } of plan.drops) {
    const states = statesOf(key)
    const is = (...possible: readonly string[]): void => assert.ok(possible.includes(states.join(' ')), `${key} (${life}): ${states.join(' ')}`)
    switch (life) {
      case 'overwritten':
        is('superseded ingested', 'ingested')
        break
      case 'mended':
        is('quarantined ingested', 'ingested')
        break
      case 'withdrawn':
        is('withdrawn')
        break
      case 'never-finished':
        is('')
        break
      case 'copied': {
        const family = plan.drops.filter((drop) => drop.key === original || drop.original === original).map((drop) => statesOf(drop.key).join(' '))
        assert.deepEqual(family.toSorted(), [...Array.from({ length: family.length - 1 }, () => 'discarded'), 'ingested'], `${key} and what it copies`)
        break
      }
      case 'plain':
        is('ingested', 'discarded')
        break
      case 'restored':
      case 'finished-late':
      case 'removed':
        is('ingested')
        break
    }
  }
}

/** Order ids of the files as the server keeps them, without those of withdrawn drops; removed ones from the plan, for they are gone. */
async function deliveredRows(folder: string, plan: Plan, drops: readonly DropSummary[]): Promise<readonly string[]> {
  const withdrawn = new Set(drops.filter(({ state }) => state === 'withdrawn').map(({ key }) => key))
  const present = plan.drops.filter(({ key, life }) => !withdrawn.has(key) && life !== 'never-finished' && life !== 'removed')
  const connection = await openDuckDb()
  const files = present.map(({ key }) => `'${join(folder, key).replaceAll("'", "''")}'`).join(', ')
  const found = await idsOf(connection, `select distinct order_id from read_csv([${files}], header = true)`)
  const gone = plan.drops.filter(({ life }) => life === 'removed').map(({ key }) => key)
  return [...found, ...[...plan.rows].filter((id) => gone.some((key) => id.startsWith(`${key}/`)))].toSorted()
}

/** Order ids of the parts of the last run's snapshot. */
async function snapshotRows(project: RunningProject): Promise<{ readonly rows: number; readonly distinct: number; readonly ids: readonly string[] }> {
  const sql = await project.sql()
  try {
    const { rows } = await sql.query<{ manifest: unknown }>('select manifest from snapshots join runs on runs.model = snapshots.model and runs.snapshot = snapshots.digest order by runs.number desc limit 1')
    const { parts } = Value.Parse(Type.Pick(Snapshot, ['parts']), rows[0]?.manifest)
    const files = parts.map(({ object }) => `'${join(project.stateFolder, 'objects', object)}'`).join(', ')
    const ids = await idsOf(await openDuckDb(), `select order_id from read_parquet([${files}])`)
    return { rows: ids.length, distinct: new Set(ids).size, ids: ids.toSorted() }
  } finally {
    await sql.end()
  }
}

async function openDuckDb(): Promise<DuckDBConnection> {
  return (await DuckDBInstance.create(':memory:')).connect()
}

async function idsOf(connection: DuckDBConnection, query: string): Promise<readonly string[]> {
  return (await connection.runAndReadAll(query)).getRows().map(([id]) => String(id))
}
