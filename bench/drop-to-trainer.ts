import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Value } from 'typebox/value'
import { cutSets } from '../src/data/cut-sets.js'
import { openDuckDb } from '../src/data/duckdb.js'
import { readDrop } from '../src/data/read-drop.js'
import type { Part } from '../src/data/snapshot.js'
import { StoredModel } from '../src/define/stored-definition.js'
import { season } from '../examples/web-shop/season.js'
import { createProject, until, type RunningProject } from '../test/support/running-project.js'
import { HEAD, line, timed } from './ratio.js'

const MOST = 1.5
const MEASURED = 5
const HISTORY = 2
/** Of the example's season; the cut-off week has another ending. */
const BROKEN_WEEK = 4

/** Says when it began and leaves nothing: the run ends there, for what follows is not measured. */
const trainer = "console.log('began ' + Date.now()); process.exit(3)"

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
 * takes for the same ingest and split (the same statements, contract and leakage report included) in a process that has
 * it open, and the bare start of the same trainer. They take turns: a drop, then the same by hand.
 */
export async function dropToTrainer(): Promise<readonly string[]> {
  const lines: string[] = [...HEAD]
  for (const rows of [500, 20_000, 200_000]) lines.push(await measure(rows))
  return lines
}

async function measure(rows: number): Promise<string> {
  const drops = season('delivery-time', HISTORY + MEASURED + 2, rows, 1).filter(({ file, week }) => file.endsWith('.csv') && week !== BROKEN_WEEK)
  const project = await createProject(files)
  const scratch = await mkdtemp(join(tmpdir(), 'refit-bench-'))
  const ours: number[] = []
  const bare: number[] = []
  try {
    await project.up()
    const definition = Value.Parse(StoredModel, (await project.api().model('bench')).definition)
    const parts: Part[] = []
    for (const [number, { file, content }] of drops.slice(0, HISTORY + MEASURED).entries()) {
      await project.put(`drops/${file}`, content.toString())
      const taken = await fromDropToTrainer(project, number + 1)
      await writeFile(join(scratch, file), content)
      const byHand = (await ingestAndSplit(definition, parts, scratch, file)) + (await bareStart())
      if (number < HISTORY) continue
      ours.push(taken)
      bare.push(byHand)
    }
  } finally {
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

/** Milliseconds that DuckDB takes for what ingest and split ask of it: the same statements, in this process, opened before. */
async function ingestAndSplit(definition: StoredModel, parts: Part[], folder: string, file: string): Promise<number> {
  const { columns, window, split, task, limits } = definition
  const open = (): ReturnType<typeof openDuckDb> => openDuckDb({ memoryBytes: limits.dataMemoryBytes, spillFolder: join(folder, 'spill') })
  const [reading, cutting] = [await open(), await open()]
  return timed(async () => {
    const drop = { id: file, key: file, path: join(folder, file), released: false }
    const read = await readDrop(reading, drop, { drops: [drop], columns, format: {}, outputFolder: folder })
    if (!read.accepted) throw new Error(`${file} was refused`)
    parts.push(read.part)
    const cut = parts.map((part) => ({ drop: part.drop, path: join(folder, `${part.sha256}.parquet`) }))
    await cutSets(cutting, { parts: cut, columns, window, split, task, memoryBytes: limits.dataMemoryBytes, outputFolder: join(folder, `sets-${file}`) })
  })
}

/** Milliseconds from the start of the same trainer to its first line. */
async function bareStart(): Promise<number> {
  const began = Date.now()
  const child = spawn('node', ['-e', trainer], { stdio: ['ignore', 'pipe', 'inherit'] })
  const output = await text(child.stdout)
  return Number(/began (\d+)/.exec(output)?.[1]) - began
}
