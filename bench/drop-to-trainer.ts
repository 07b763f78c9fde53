import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'
import { season } from '../examples/web-shop/season.js'
import { createProject, until, type RunningProject } from '../test/support/running-project.js'
import { HEAD, line, timed } from './ratio.js'

const MOST = 1.5
const MEASURED = 7
const HISTORY = 4

/** Says when it began, then leaves the least model that can be packaged. */
const trainer = `
console.log('began ' + Date.now())
require('node:fs').writeFileSync(process.env.REFIT_MODEL_DIR + '/predictor.mjs', 'export const load = () => ({ predict: (rows) => rows.map(() => 1) })')
`

const files = {
  'trainer.cjs': trainer,
  'refit.config.ts': `
import { byGroup, column, command, defineModel, defineProject, folder, onArrival } from 'refit'
export default defineProject({ models: { bench: defineModel({
  task: 'regression',
  columns: {
    order_id: column.key(), ordered_at: column.time(), carrier: column.category(), distance_km: column.number(), weight_kg: column.number(),
    express: column.boolean(), weekday: column.number(), hours: column.target(),
  },
  source: folder('drops'),
  split: byGroup({ test: '20%' }),
  train: command(['node', 'trainer.cjs']),
  triggers: [onArrival()],
}) } })
`,
}

/**
 * From the moment a drop is recorded to the first line of its trainer, beside what nobody can save: the time that DuckDB
 * takes for the same ingest and split in a process that has it open, and the bare start of the same trainer. They take
 * turns: a drop, then the same by hand.
 */
export async function dropToTrainer(): Promise<readonly string[]> {
  const lines: string[] = [...HEAD]
  for (const rows of [500, 50_000, 500_000]) lines.push(await measure(rows))
  return lines
}

async function measure(rows: number): Promise<string> {
  const drops = season('delivery-time', HISTORY + MEASURED + 8, rows, 1).filter(({ file, week }) => file.endsWith('.csv') && week !== 4)
  const project = await createProject(files)
  const scratch = await mkdtemp(join(tmpdir(), 'refit-bench-'))
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const ours: number[] = []
  const bare: number[] = []
  try {
    await project.up()
    for (const [number, { file, content }] of drops.slice(0, HISTORY + MEASURED).entries()) {
      await project.put(`drops/${file}`, content.toString())
      const taken = await fromDropToTrainer(project, number + 1)
      await writeFile(join(scratch, file), content)
      const byHand = (await timed(() => ingestAndSplit(connection, scratch, file))) + (await bareStart(scratch))
      if (number < HISTORY) continue
      ours.push(taken)
      bare.push(byHand)
    }
  } finally {
    instance.closeSync()
    await project.close()
    await rm(scratch, { recursive: true, force: true })
  }
  const history = `${(rows * HISTORY).toLocaleString('en-US')} to ${(rows * (HISTORY + MEASURED)).toLocaleString('en-US')}`
  return line(`drop of ${rows.toLocaleString('en-US')} rows recorded → first line of the trainer, beside DuckDB and a bare spawn (${MEASURED} of each, history of ${history} rows; medians)`, ours, bare, MOST)
}

async function fromDropToTrainer(project: RunningProject, number: number): Promise<number> {
  const id = `bench-${number}`
  const run = await project.ended(id)
  const log = await text(await project.api().log(id, { stage: 'train' }))
  const began = Number(/began (\d+)/.exec(log)?.[1])
  const recorded = await until('the drop', async () => (await project.api().drops('bench', { limit: 1 })).drops[0])
  if (recorded.run !== run.id || Number.isNaN(began)) throw new Error(`run ${id} read another drop, or its trainer said nothing: ${log}`)
  return began - Date.parse(recorded.recordedAt)
}

/** Reads the new file into a part, and cuts all parts by the key into the files that a trainer gets. */
async function ingestAndSplit(connection: DuckDBConnection, folder: string, file: string): Promise<void> {
  const path = (name: string): string => `'${join(folder, name).replaceAll("'", "''")}'`
  await mkdir(join(folder, 'sets'), { recursive: true })
  await mkdir(join(folder, 'parts'), { recursive: true })
  await connection.run(`copy (select * from read_csv(${path(file)})) to ${path(`parts/${file}.parquet`)} (format parquet, compression zstd)`)
  const share = (key: string): string => `md5_number_lower(${key})::double / 18446744073709551616.0`
  await connection.run(
    `create or replace temp table sided as select *, case when ${share('order_id')} < 0.2 then 'test' when ${share("order_id || 'validation'")} < 0.1 then 'validation' else 'train' end as side from read_parquet(${path('parts/*.parquet')})`,
  )
  for (const side of ['train', 'validation']) {
    const rows = `(select carrier, distance_km, weight_kg, express, weekday, hours from sided where side = '${side}')`
    await connection.run(`copy ${rows} to ${path(`sets/${side}.parquet`)} (format parquet)`)
    await connection.run(`copy ${rows} to ${path(`sets/${side}.csv`)} (format csv, header)`)
  }
  await connection.run(`copy (select * from sided where side = 'test') to ${path('sets/test.parquet')} (format parquet)`)
}

/** Milliseconds from the start of the same trainer to its first line. */
async function bareStart(folder: string): Promise<number> {
  const began = Date.now()
  const child = spawn('node', ['-e', trainer], { env: { ...process.env, REFIT_MODEL_DIR: folder }, stdio: ['ignore', 'pipe', 'inherit'] })
  const output = await text(child.stdout)
  return Number(/began (\d+)/.exec(output)?.[1]) - began
}
