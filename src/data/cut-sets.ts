import { mkdir, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Static } from 'typebox'
import { refitError } from '../errors.js'
import { name, numberOf, rowOf, rowsOf, text } from './duckdb.js'
import { openHistory } from './history.js'
import { reportLeakage } from './leakage.js'
import type { Sets } from './snapshot.js'
import type { SplitInput } from './split-job.js'
import { applyWindow, assignSides, columnWith, newestPlausible } from './split-rows.js'

type Input = Static<typeof SplitInput>
type Side = 'train' | 'validation' | 'test'

/** Cuts the sets into a folder that appears whole. @throws RefitError `sets-too-small` */
export async function cutSets(connection: DuckDBConnection, input: Input): Promise<Sets> {
  const temporary = `${input.outputFolder}.${process.pid}`
  for (const side of ['train', 'validation', 'test']) await mkdir(join(temporary, side), { recursive: true })
  const time = columnWith(input.columns, 'time')
  await openHistory(connection, input.parts, input.columns, input.delivery)
  const newest = time === undefined ? 0 : await newestPlausible(connection, time)
  await applyWindow(connection, input.window, time, newest)
  await assignSides(connection, input.split, input.columns, time, newest)
  const sets = await describeSets(connection, input, time)
  await writeSets(connection, input, temporary)
  await mkdir(dirname(input.outputFolder), { recursive: true })
  await rename(temporary, input.outputFolder)
  return sets
}

async function describeSets(connection: DuckDBConnection, input: Input, time: string | undefined): Promise<Sets> {
  const target = targetOf(input)
  const counts = await rowsOf(connection, 'select refit_side as side, count(*) as rows, count(distinct refit_unit) as units from sided group by all')
  const count = (side: Side, what: 'rows' | 'units'): number => numberOf(counts.find((row) => row['side'] === side)?.[what])
  const rows = { train: count('train', 'rows'), validation: count('validation', 'rows'), test: count('test', 'rows') }
  if (rows.train === 0 || rows.test === 0) throw refitError('sets-too-small', { reason: `${rows.train} training and ${rows.test} test rows.` })
  return {
    folder: input.outputFolder,
    rows,
    units: { train: count('train', 'units') + count('validation', 'units'), test: count('test', 'units') },
    ...(await timesOf(connection, time)),
    leakage: await reportLeakage(connection, input.columns, input.split.kind),
    baseline: await baselineOf(connection, target, input.task),
  }
}

async function timesOf(connection: DuckDBConnection, time: string | undefined): Promise<Pick<Sets, 'testOldest' | 'testNewest' | 'trainedUntil'>> {
  if (time === undefined) return {}
  const format = (aggregate: string, side: string): string =>
    `strftime(${aggregate}(${name(time)}) filter (where refit_side ${side}), '%Y-%m-%dT%H:%M:%S.%fZ')`
  const row = await rowOf(
    connection,
    `select ${format('min', "= 'test'")} as oldest, ${format('max', "= 'test'")} as newest, ${format('max', "in ('train', 'validation')")} as trained from sided`,
  )
  return { testOldest: String(row['oldest']), testNewest: String(row['newest']), trainedUntil: String(row['trained']) }
}

async function baselineOf(connection: DuckDBConnection, target: string, task: Input['task']): Promise<Sets['baseline']> {
  const trained = "refit_side in ('train', 'validation')"
  if (task === 'regression') {
    const row = await rowOf(connection, `select avg(${name(target)}) as mean, median(${name(target)}) as middle from sided where ${trained}`)
    return { kind: 'mean', value: numberOf(row['mean']), median: numberOf(row['middle']) }
  }
  const rows = await rowsOf(
    connection,
    `select ${name(target)}::varchar as label, count(*) / sum(count(*)) over () as share from sided where ${trained} group by all order by label`,
  )
  if (rows.length < 2) throw refitError('sets-too-small', { reason: 'the training set has rows of one class only.' })
  return { kind: 'shares', shares: Object.fromEntries(rows.map((row) => [String(row['label']), numberOf(row['share'])])) }
}

async function writeSets(connection: DuckDBConnection, input: Input, folder: string): Promise<void> {
  const target = targetOf(input)
  const features = Object.entries(input.columns).flatMap(([column, { role }]) => (role === 'feature' ? [name(column)] : []))
  const forTraining = [...features, name(target)].join(', ')
  for (const side of ['train', 'validation'] as const) {
    const rows = `(select ${forTraining} from sided where refit_side = '${side}' order by refit_row)`
    await connection.run(`copy ${rows} to ${text(join(folder, side, `${side}.parquet`))} (format parquet)`)
    await connection.run(`copy ${rows} to ${text(join(folder, side, `${side}.csv`))} (format csv, header)`)
  }
  const first = `(select ${features.join(', ')} from sided where refit_side = 'train' order by refit_row limit 1)`
  await connection.run(`copy ${first} to ${text(join(folder, 'example.json'))} (format json)`)
  const all = Object.entries(input.columns).flatMap(([column, { role }]) => (role === 'ignored' ? [] : [name(column)]))
  await connection.run(
    `copy (select ${all.join(', ')}, refit_unit, refit_drop from sided where refit_side = 'test' order by refit_row) to ${text(join(folder, 'test', 'test.parquet'))} (format parquet)`,
  )
}

function targetOf(input: Input): string {
  const target = columnWith(input.columns, 'target')
  if (target === undefined) throw new Error('the definition has no target')
  return target
}
