import type { DuckDBConnection } from '@duckdb/node-api'
import type { Static } from 'typebox'
import { refitError } from '../errors.js'
import { name, numberOf, rowOf, rowsOf, type Row } from './duckdb.js'
import type { Inspected } from './inspect-rows.js'
import { reportLeakage } from './leakage.js'
import { finite } from './magnitude.js'
import type { Sets } from './snapshot.js'
import type { SplitInput } from './split-job.js'
import type { Side, Sided } from './split-rows.js'
import { columnWith } from './unit.js'

type Input = Static<typeof SplitInput>

const trained = "refit_side in ('train', 'validation')"

/** What the sets hold and what they guarantee, in figures. @throws RefitError `sets-too-small` */
export async function describeSets(connection: DuckDBConnection, input: Input, sided: Sided, told: Inspected['told']): Promise<Sets> {
  const { table } = sided
  const counts = await rowsOf(connection, `select refit_side, count(*) as refit_rows from ${table} group by refit_side`)
  const count = (side: Side | 'left-out'): number => numberOf(counts.find((row) => row['refit_side'] === side)?.['refit_rows'])
  const rows = { train: count('train'), validation: count('validation'), test: count('test') }
  if (rows.train === 0 || rows.test === 0) throw refitError('sets-too-small', { reason: `${rows.train} training and ${rows.test} test rows.` })
  const units = await rowOf(
    connection,
    `select count(*) filter (where trains) as train, count(*) filter (where tests) as test
      from (select bool_or(${trained}) as trains, bool_or(refit_side = 'test') as tests from ${table} group by ${sided.unitKey})`,
  )
  return {
    folder: input.outputFolder,
    rows,
    ...(input.holdout === undefined ? {} : { holdout: { rows: count('holdout'), share: input.holdout } }),
    units: { train: numberOf(units['train']), test: numberOf(units['test']) },
    ...(await timesOf(connection, table, columnWith(input.columns, 'time'))),
    leakage: await reportLeakage(connection, input, sided, told, count('left-out')),
    baseline: await baselineOf(connection, input, table),
  }
}

async function timesOf(connection: DuckDBConnection, table: string, time: string | undefined): Promise<Pick<Sets, 'testOldest' | 'testNewest' | 'trainedUntil'>> {
  if (time === undefined) return {}
  const tested = "refit_side = 'test'"
  const row = await rowOf(connection, `select ${instantText('min', time, tested)} as oldest, ${instantText('max', time, tested)} as newest, ${instantText('max', time, trained)} as trained from ${table}`)
  return { testOldest: String(row['oldest']), testNewest: String(row['newest']), trainedUntil: String(row['trained']) }
}

/** SQL of the oldest or newest time of some rows, in ISO 8601. */
export function instantText(aggregate: 'min' | 'max', time: string, rows: string): string {
  return `strftime(${aggregate}(${name(time)}) filter (where ${rows}), '%Y-%m-%dT%H:%M:%S.%fZ')`
}

/** Rows that one thread adds up, in their order. */
const CHUNK_ROWS = 2000
/** The sum of the largest numbers there are would be none. By a power of two, so that no digit changes. */
const SMALLER = 2 ** -64
/** Far more than matters, and fewer than the order of additions changes. */
const DIGITS = 12

async function baselineOf(connection: DuckDBConnection, { task, columns }: Input, table: string): Promise<Sets['baseline']> {
  const target = name(columnWith(columns, 'target') ?? '')
  const weighing = columnWith(columns, 'weight')
  const weight = weighing === undefined ? '1' : name(weighing)
  // Threads add in any order, and the last bits of a sum follow from it; the verdict must be the same to the last bit.
  const inOrder = (sums: string, by: string): string => `from (select ${by} as refit_label, refit_row // ${CHUNK_ROWS} as refit_chunk, ${sums} from ${table} where ${trained} group by refit_label, refit_chunk)`
  if (task === 'regression') {
    const row = await rowOf(
      connection,
      `select sum(refit_part order by refit_chunk) as refit_sum, sum(refit_weight order by refit_chunk) as refit_total ${inOrder(`sum(${weight} * (${target} * ${SMALLER})) as refit_part, sum(${weight}) as refit_weight`, '0')}`,
    )
    return { kind: 'mean', value: finite(rounded(shareOfWeight(numberOf(row['refit_sum']), numberOf(row['refit_total'])) / SMALLER)) }
  }
  const rows = await rowsOf(connection, `select refit_label, sum(refit_weight order by refit_chunk) as refit_total ${inOrder(`sum(${weight}) as refit_weight`, `${target}::varchar`)} group by refit_label order by refit_label`)
  if (rows.length < 2) throw refitError('sets-too-small', { reason: 'the training set has rows of one class only.' })
  const total = rows.reduce((sum, row) => sum + numberOf(row['refit_total']), 0)
  const share = (row: Row): number => shareOfWeight(numberOf(row['refit_total']), total)
  // Counts are exact.
  return { kind: 'shares', shares: Object.fromEntries(rows.map((row) => [String(row['refit_label']), weighing === undefined ? share(row) : rounded(share(row))])) }
}

/** @throws RefitError `sets-too-small` */
function shareOfWeight(part: number, weight: number): number {
  if (weight === 0) throw refitError('sets-too-small', { reason: 'all training rows weigh 0.' })
  return part / weight
}

function rounded(figure: number): number {
  return Number(figure.toPrecision(DIGITS))
}
