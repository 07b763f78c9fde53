import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openDuckDb, rowsOf, text } from '../src/data/duckdb.js'
import type { Sets } from '../src/data/snapshot.js'
import { cutBy } from '../src/define/comparability.js'
import type { StoredColumn, StoredModel, StoredRule, StoredSplit } from '../src/define/stored-definition.js'
import type { Verdict } from '../src/evaluation/verdict.js'
import { checkCandidate } from '../src/lifecycle/check-candidate.js'
import { cutSets, type Value } from '../test/support/cut-sets.js'
import { modelNamed } from '../test/support/stored-models.js'
import { startTraining } from '../test/support/train-model.js'
import { timed } from './ratio.js'
import { watchMemory } from './watch-memory.js'

const LIMIT_SECONDS = 60
const TRAINING_ROWS = 8000
const TRAINER = { kind: 'gradient-boosted-trees', options: {} }
const MEMORY_BYTES = 4_000_000_000
const DAY_MS = 86_400_000
/** How many days a test set by time has. */
const DAYS = 90
const never = new AbortController().signal

const feature = (type: 'number' | 'category' | 'boolean'): StoredColumn => ({ type, role: 'feature', optional: false })
const features: Readonly<Record<string, StoredColumn>> = {
  house: { type: 'text', role: 'group', optional: false },
  zipcode: feature('category'),
  condition: feature('category'),
  sqft_living: feature('number'),
  sqft_lot: feature('number'),
  latitude: feature('number'),
  longitude: feature('number'),
  bedrooms: feature('number'),
  grade: feature('number'),
  waterfront: feature('boolean'),
}

/** Made-up sales, `i` being their number and `soldAt` when they were, as SQL: four of each house, 70 zipcodes, prices that follow from most columns but for a quarter of noise. */
const salesAt = (soldAt: string): string => `select *, ${soldAt} as sold_at, round(exp(11 + 0.0003 * sqft_living + 0.09 * grade + 0.004 * zip + if(waterfront, 0.4, 0) + 0.25 * noise)) as price,
  if(0.0003 * sqft_living + 0.09 * grade + 0.25 * noise > 1.53, 'dear', 'cheap') as class from (
  select i, 'h' || (i // 4) as house, (98000 + hash(i, 1) % 70)::varchar as zipcode, (hash(i, 1) % 70)::int as zip,
    ['poor', 'fair', 'good', 'very good'][(hash(i, 2) % 4 + 1)::int] as condition, (300 + hash(i, 3) % 5000)::double as sqft_living,
    (1000 + hash(i, 4) % 50000)::double as sqft_lot, round(47 + (hash(i, 5) % 1000000) / 1e6, 4) as latitude,
    round(-122 - (hash(i, 6) % 1000000) / 1e6, 4) as longitude, (hash(i, 7) % 8)::double as bedrooms, (1 + hash(i, 8) % 13)::double as grade,
    hash(i, 9) % 50 = 0 as waterfront, ((hash(i, 10) % 1000 + hash(i, 11) % 1000 + hash(i, 12) % 1000)::int - 1500) / 500.0 as noise`

const each = { column: 'zipcode', minimumRows: 30 }
const cases: readonly { readonly what: string; readonly definition: StoredModel }[] = [
  {
    what: 'regression',
    definition: definitionOf('regression', 'price', 'number', [
      { kind: 'threshold', metric: 'mape', bound: 'atMost', value: 0.5 },
      { kind: 'champion', metric: 'mae', comparison: 'notWorse', margin: { relative: 0.03 } },
      { kind: 'threshold', metric: 'mape', bound: 'atMost', value: 0.5, slice: each },
    ]),
  },
  {
    what: 'two classes',
    definition: definitionOf('classification', 'class', 'category', [
      { kind: 'threshold', metric: 'rocAuc', bound: 'atLeast', value: 0.7 },
      { kind: 'champion', metric: 'rocAuc', comparison: 'notWorse', margin: { absolute: 0.01 } },
      { kind: 'threshold', metric: 'rocAuc', bound: 'atLeast', value: 0.6, slice: each },
    ]),
  },
  {
    what: 'regression by time',
    definition: {
      ...definitionOf('regression', 'price', 'number', [
        { kind: 'threshold', metric: 'mape', bound: 'atMost', value: 0.5 },
        { kind: 'champion', metric: 'mae', comparison: 'notWorse', margin: { relative: 0.03 } },
        { kind: 'threshold', metric: 'mape', bound: 'atMost', value: 0.5, slice: each },
      ]),
      split: { kind: 'time', testMilliseconds: DAYS * DAY_MS, gapMilliseconds: 0, validation: 0.1 } satisfies StoredSplit,
    },
  },
]

function definitionOf(task: StoredModel['task'], target: string, type: 'number' | 'category', check: readonly StoredRule[]): StoredModel {
  return modelNamed('house', {
    task,
    columns: { ...features, sold_at: { type: 'time', role: 'time', optional: false }, [target]: { type, role: 'target', optional: false } },
    check: [...check],
    limits: { trainMilliseconds: 600_000, trainMemoryBytes: MEMORY_BYTES, dataMemoryBytes: 1e9 },
  })
}

/**
 * The check of a test set of a million rows (or REFIT_BENCH_ROWS): candidate and champion, both trained by the built-in
 * trainer on rows of their own, scored and judged in the check's child as a run does it, with 2,000 resamples and 70 slices.
 */
export async function check(): Promise<readonly string[]> {
  const sizes = (process.env['REFIT_BENCH_ROWS'] ?? '1000000').split(',').map(Number)
  const lines = ['| test rows | task | seconds | reading | scoring | judging | peak memory, MB | at most, s | holds |', '|---|---|---|---|---|---|---|---|---|']
  const scratch = await mkdtemp(join(process.env['REFIT_BENCH_FOLDER'] ?? '/var/tmp', 'refit-bench-'))
  try {
    for (const { what, definition } of cases) {
      const folder = join(scratch, what.replaceAll(' ', '-'))
      const [champion, candidate] = [await train(join(folder, 'champion'), definition, 1), await train(join(folder, 'candidate'), definition, 2)]
      for (const rows of sizes) {
        const sets = await testSet(folder, candidate.sets, definition, rows)
        const { seconds, peak, log, verdict } = await judged(folder, definition, sets, champion.modelFolder, candidate.modelFolder)
        console.log(`${rows} rows, ${what}: ${seconds.toFixed(1)} s, ${Math.round(peak / 1e6)} MB\n${log}\n${verdict.summary}`)
        const share = (step: RegExp): string => `${Math.round((100 * Number(step.exec(log)?.[1])) / seconds)} %`
        lines.push(
          `| ${verdict.test.rows.toLocaleString('en-US')} in ${verdict.test.units.toLocaleString('en-US')} ${verdict.test.unit}s | ${what} | ${seconds.toFixed(1)} | ${share(/read .* in ([\d.]+) s/)} | ${share(/scored .* in ([\d.]+) s/)} | ${share(/judged in ([\d.]+) s/)} | ${Math.round(peak / 1e6).toLocaleString('en-US')} | ${LIMIT_SECONDS} | ${rows > 1_000_000 ? '–' : seconds <= LIMIT_SECONDS ? 'yes' : '**no**'} |`,
        )
      }
    }
    return [...lines, '', `Each with ${slicesWords} and a comparison on fresh and own rows. The rest of the time is the child's start and the loading of its models.`]
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

const slicesWords = '2,000 resamples, all metrics of the task for candidate, champion and baseline, 70 slices'

/** A model of some of the sales, none of which is tested. */
async function train(folder: string, definition: StoredModel, number: number): Promise<{ sets: Sets; modelFolder: string }> {
  await mkdir(folder, { recursive: true })
  const connection = await openDuckDb({ memoryBytes: 1e9, spillFolder: join(folder, 'spill') })
  const first = number * 1_000_000_000
  const columns = Object.keys(definition.columns).join(', ')
  const soldAt = `strftime(timestamp '2023-01-01' + to_minutes((i - ${first}) * 50), '%Y-%m-%dT%H:%M:%S')`
  const rows = await rowsOf(connection, `select ${columns} from (${salesAt(soldAt)} from range(${first}, ${first + TRAINING_ROWS}) t(i)))`)
  const sets = await cutSets(folder, definition, rows.map((row) => Object.fromEntries(Object.entries(row).map(([column, value]) => [column, valueOf(value)]))))
  const training = startTraining({ projectFolder: folder, definition, sets, trainer: TRAINER })
  await training.done
  return { sets, modelFolder: training.modelFolder }
}

function valueOf(value: unknown): Value {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
}

/** A test set as a split leaves it; a third of its rows came after the champion. */
async function testSet(folder: string, sets: Sets, definition: StoredModel, rows: number): Promise<Sets> {
  const large = join(folder, `large-${rows}`)
  await mkdir(join(large, 'test'), { recursive: true })
  const connection = await openDuckDb({ memoryBytes: 2e9, spillFolder: join(folder, 'spill') })
  const columns = Object.keys(definition.columns).join(', ')
  const isByTime = definition.split.kind === 'time'
  const unit = isByTime ? "strftime(date_trunc('day', sold_at), '%Y-%m-%dT%H:%M')" : 'house'
  const drop = isByTime ? `least(9, i * 14 // ${rows})` : 'if(hash(house) % 3 = 0, 9, hash(house) % 9)'
  await connection.run(
    `copy (select ${columns}, ${unit} as refit_unit, 'drop-' || ${drop} as refit_drop from (${salesAt(`timestamp '2024-01-01' + to_seconds(i * ${DAYS * 86_400} // ${rows})`)} from range(${rows}) t(i))))
      to ${text(join(large, 'test', 'test.parquet'))} (format parquet)`,
  )
  return { ...sets, folder: large, rows: { ...sets.rows, test: rows } }
}

async function judged(
  folder: string,
  definition: StoredModel,
  sets: Sets,
  champion: string,
  candidateFolder: string,
): Promise<{ seconds: number; peak: number; log: string; verdict: Verdict }> {
  const logFile = join(sets.folder, 'check.log')
  const token = `bench-check/${process.pid}`
  const watching = watchMemory(token)
  let verdict: Verdict | undefined
  const milliseconds = await timed(async () => {
    const judged = await checkCandidate(
      {
        definition,
        sets,
        candidateFolder,
        candidate: undefined,
        metrics: [],
        formers: [],
        rowsFolder: undefined,
        champion: { version: 1, folder: champion, drops: Array.from({ length: 9 }, (_, drop) => `drop-${drop}`), parts: [], lostDrops: false, split: definition.split, cutBy: cutBy(definition), trainedUntil: '2023-12-31T00:00:00.000Z' },
        seed: 20_260_501,
        projectFolder: folder,
        memoryBytes: definition.limits.trainMemoryBytes,
        milliseconds: definition.limits.trainMilliseconds,
        token,
        workingFolder: folder,
        logFile,
        entry: new URL('../src/roles/check-child.bundle.js', import.meta.url),
      },
      never,
    )
    verdict = judged.verdict
  })
  const peak = await watching.peak()
  if (verdict === undefined) throw new Error('there is no verdict')
  return { seconds: milliseconds / 1000, peak, log: await readFile(logFile, 'utf8'), verdict }
}
