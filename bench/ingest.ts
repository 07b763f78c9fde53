import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { buildSnapshot } from '../src/data/build-snapshot.js'
import { name, openDuckDb, text } from '../src/data/duckdb.js'
import { readDrops } from '../src/data/read-drops.js'
import { splitSnapshot } from '../src/data/split-snapshot.js'
import type { StoredColumn, StoredSplit } from '../src/define/stored-definition.js'
import { median, timed } from './ratio.js'
import { watchMemory } from './watch-memory.js'

const GIGABYTE = 1_000_000_000
const LEAST = 0.9
const MEMORY_BYTES = 2_000_000_000
const TOKEN = `bench-ingest/${process.pid}`
const never = new AbortController().signal

const feature = (type: 'number' | 'category' | 'boolean'): StoredColumn => ({ type, role: 'feature', optional: false })
const columns: Readonly<Record<string, StoredColumn>> = {
  house: { type: 'text', role: 'group', optional: false },
  sold_at: { type: 'time', role: 'time', optional: false },
  price: { type: 'number', role: 'target', optional: false, min: 1 },
  zipcode: feature('category'),
  condition: feature('category'),
  sqft_living: { ...feature('number'), min: 0 },
  sqft_lot: feature('number'),
  latitude: feature('number'),
  longitude: feature('number'),
  bedrooms: feature('number'),
  grade: feature('number'),
  waterfront: feature('boolean'),
}
const split: StoredSplit = { kind: 'group', test: 0.2, validation: 0.1 }

/** What a row of the generated sales is made of; `i` is its number. */
const generated = `select 'h' || (i * 7919 % 40000000) as house, (timestamp '2020-01-01' + to_seconds(i * 3))::varchar as sold_at,
  (50000 + hash(i) % 2000000) as price, (98000 + hash(i, 1) % 70)::varchar as zipcode, ['poor', 'fair', 'good', 'very good'][(hash(i, 2) % 4 + 1)::int] as condition,
  (300 + hash(i, 3) % 5000) as sqft_living, (1000 + hash(i, 4) % 50000) as sqft_lot, round(47 + (hash(i, 5) % 1000000) / 1e6, 4) as latitude,
  round(-122 - (hash(i, 6) % 1000000) / 1e6, 4) as longitude, (hash(i, 7) % 8) as bedrooms, (1 + hash(i, 8) % 13) as grade, (hash(i, 9) % 50 = 0) as waterfront`

/** What one size gave. Milliseconds, and bytes of resident memory at most. */
interface Measured {
  readonly bytes: number
  readonly rows: number
  readonly ours: readonly number[]
  readonly bare: readonly number[]
  readonly peak: number
}

/**
 * One CSV drop through ingest, split and profile, as a run does it: children with limits, the contract, the parts, the sets
 * with their CSV, the leakage report, the profile. Beside it DuckDB with the same memory and threads in this process, open
 * already: the file to typed Parquet, the keyed split to the same files, SUMMARIZE. They take turns.
 */
export async function ingest(): Promise<readonly string[]> {
  const sizes = (process.env['REFIT_BENCH_GIGABYTES'] ?? '1,10').split(',').map(Number)
  const rounds = (gigabytes: number): number => (gigabytes > 2 ? 2 : 5)
  const measured: Measured[] = []
  for (const gigabytes of sizes) measured.push(await measure(gigabytes, rounds(gigabytes)))
  const lines = ['| CSV | rows | ours, s | bare, s | rate beside bare | at least | holds | peak memory of ours, MB |', '|---|---|---|---|---|---|---|---|']
  for (const { bytes, rows, ours, bare, peak } of measured) {
    const ratio = median(bare) / median(ours)
    const seconds = (values: readonly number[]): string => (median(values) / 1000).toFixed(1)
    lines.push(`| ${(bytes / GIGABYTE).toFixed(1)} GB | ${rows.toLocaleString('en-US')} | ${seconds(ours)} | ${seconds(bare)} | ${ratio.toFixed(2)} | ${LEAST} | ${ratio >= LEAST ? 'yes' : '**no**'} | ${Math.round(peak / 1e6).toLocaleString('en-US')} |`)
  }
  const peaks = measured.map(({ peak }) => peak)
  return [...lines, '', `Memory from the smallest to the largest: ${(Math.max(...peaks) / Math.min(...peaks)).toFixed(2)} times; limit of each process ${MEMORY_BYTES / 1e6} MB. Medians of ${measured.map(({ ours }) => ours.length).join(' and ')} rounds.`]
}

async function measure(gigabytes: number, rounds: number): Promise<Measured> {
  const scratch = await mkdtemp(join(process.env['REFIT_BENCH_FOLDER'] ?? '/var/tmp', 'refit-bench-'))
  try {
    const file = join(scratch, 'sales.csv')
    const rows = await generate(file, gigabytes * GIGABYTE, scratch)
    const { size: bytes } = await stat(file)
    const ours: number[] = []
    const bare: number[] = []
    let peak = 0
    for (let round = 0; round < rounds; round += 1) {
      const folder = join(scratch, `round-${round}`)
      await mkdir(folder)
      const watching = watchMemory(TOKEN)
      ours.push(await timed(() => throughRefit(file, folder)))
      peak = Math.max(peak, await watching.peak())
      await rm(folder, { recursive: true })
      await mkdir(folder)
      bare.push(await timed(() => throughDuckDb(file, folder)))
      await rm(folder, { recursive: true })
      console.log(`${gigabytes} GB, round ${round + 1}: ours ${Math.round(ours.at(-1) ?? 0)} ms, bare ${Math.round(bare.at(-1) ?? 0)} ms, peak ${Math.round(peak / 1e6)} MB`)
    }
    return { bytes, rows, ours, bare, peak }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Writes as many rows as make about `bytes` of CSV; returns how many. */
async function generate(file: string, bytes: number, scratch: string): Promise<number> {
  const connection = await openDuckDb({ memoryBytes: MEMORY_BYTES, spillFolder: join(scratch, 'spill') })
  const sample = 100_000
  await connection.run(`copy (${generated} from range(${sample}) t(i)) to ${text(file)} (format csv, header)`)
  const rows = Math.round(bytes / ((await stat(file)).size / sample))
  await connection.run(`copy (${generated} from range(${rows}) t(i)) to ${text(file)} (format csv, header)`)
  return rows
}

async function throughRefit(path: string, folder: string): Promise<void> {
  const outputFolder = join(folder, 'parts')
  await mkdir(outputFolder)
  const common = { memoryBytes: MEMORY_BYTES, token: TOKEN, workingFolder: folder }
  const reading = (await readDrops({ ...common, drops: [{ id: 'bench-d1', key: 'sales.csv', path, released: false }], columns, outputFolder }, never)).get('bench-d1')
  if (reading?.accepted !== true) throw new Error(`the drop was refused: ${JSON.stringify(reading)}`)
  const parts = [{ ...reading.part, path: join(outputFolder, `${reading.part.sha256}.parquet`) }]
  await splitSnapshot({ ...common, snapshot: buildSnapshot([reading.part], columns, { kind: 'all' }), parts, split, task: 'regression', outputFolder: join(folder, 'sets') }, never)
}

async function throughDuckDb(path: string, folder: string): Promise<void> {
  const connection = await openDuckDb({ memoryBytes: MEMORY_BYTES, spillFolder: join(folder, 'spill') })
  const types = { number: 'double', category: 'varchar', boolean: 'boolean', time: 'timestamp', text: 'varchar' }
  const declared = Object.entries(columns).map(([column, { type }]) => `${text(column)}: ${text(types[type])}`)
  const part = join(folder, 'part.parquet')
  await connection.run(`copy (select * from read_csv(${text(path)}, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', columns = {${declared.join(', ')}})) to ${text(part)} (format parquet, compression zstd)`)
  const share = (key: string): string => `md5_number_lower(${key})::double / 18446744073709551616.0`
  const side = `case when ${share('house')} < 0.2 then 'test' when ${share("house || chr(31) || 'validation'")} < 0.1 then 'validation' else 'train' end`
  const forTraining = Object.entries(columns).flatMap(([column, { role }]) => (role === 'feature' || role === 'target' ? [name(column)] : [])).join(', ')
  for (const set of ['train', 'validation'] as const) {
    const rows = `(select ${forTraining} from read_parquet(${text(part)}) where ${side} = '${set}')`
    await connection.run(`copy ${rows} to ${text(join(folder, `${set}.parquet`))} (format parquet)`)
    await connection.run(`copy ${rows} to ${text(join(folder, `${set}.csv`))} (format csv, header)`)
  }
  await connection.run(`copy (select * from read_parquet(${text(part)}) where ${side} = 'test') to ${text(join(folder, 'test.parquet'))} (format parquet)`)
  await connection.runAndReadAll(`summarize select * from read_parquet(${text(part)})`)
}
