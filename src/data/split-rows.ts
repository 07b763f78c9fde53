import type { DuckDBConnection } from '@duckdb/node-api'
import type { StoredColumn, StoredDelivery, StoredSplit, StoredWindow } from '../define/stored-definition.js'
import { name } from './duckdb.js'
import { stratify } from './stratify.js'
import { findCuts, readTimes, windowCondition, type Cuts, type Times } from './times.js'
import { columnWith, shareOf, unitExpression } from './unit.js'

/** A set of rows; those of no set are left out. */
export type Side = 'train' | 'validation' | 'test' | 'holdout'

export interface SplitRules {
  readonly columns: Readonly<Record<string, StoredColumn>>
  readonly window: StoredWindow
  readonly delivery?: StoredDelivery | undefined
  readonly split: StoredSplit
  /** Share of the units that are kept out of every set. */
  readonly holdout?: number | undefined
  /** Whether every row that is not held out trains: those that would test, validate or be left between the sets, too. */
  readonly isWhole?: boolean | undefined
  /** Whether the rows lie in very many parts. */
  readonly isFragmented?: boolean | undefined
}

/** How the rows were put on their sides. */
export interface Sided {
  readonly table: string
  /** SQL on the table: the text of what is resampled, and something cheaper that tells its values apart. */
  readonly unit: string
  readonly unitKey: string
  readonly times: Times | undefined
  readonly cuts: Cuts | undefined
}

/**
 * Makes a table of the rows of `history` within the window, in their order, with `refit_side`: a set, or `left-out`.
 * Sides are computed once, for MD5 is what costs most.
 */
export async function assignSides(connection: DuckDBConnection, { columns, window, delivery, split, holdout, isWhole = false, isFragmented = false }: SplitRules, table: string): Promise<Sided> {
  const time = columnWith(columns, 'time')
  const times = time === undefined || (window.kind === 'all' && split.kind === 'group') ? undefined : await readTimes(connection, time)
  const inWindow = await windowCondition(connection, window, times)
  // The join that finds the valid rows of keys gives them in any order when it spills; and a table that keeps the order
  // of what it is made from begins a piece of its own for each part, however small.
  const seen = `from history where ${inWindow} ${delivery?.kind === 'upsert' || isFragmented ? 'order by refit_row' : ''}`
  const unit = unitExpression(columns)
  const inHoldout = holdout === undefined ? 'false' : `${shareOf(unit, 'holdout')} < ${holdout}`
  if (isWhole) {
    const unplaced = times === undefined || split.kind === 'group' ? 'false' : `${name(times.column)} is null or epoch_us(${name(times.column)}) > ${times.newest}`
    await connection.run(`create table ${table} as select *, case when ${unplaced} then 'left-out' when ${inHoldout} then 'holdout' else 'train' end as refit_side ${seen}`)
    return { table, unit, unitKey: `hash(${unit})`, times, cuts: undefined }
  }
  if (split.kind === 'group') {
    await sideByGroup(connection, split, unit, inHoldout, seen, table)
    return { table, unit, unitKey: `hash(${unit})`, times, cuts: undefined }
  }
  if (times === undefined) throw new Error('a split by time needs a time column')
  const cuts = await findCuts(connection, split, times, inWindow)
  await connection.run(`create table ${table} as select *, ${sideByTime(split, times, cuts, unit, inHoldout)} as refit_side ${seen}`)
  if (split.kind === 'groupAndTime') return { table, unit, unitKey: `hash(${unit})`, times, cuts }
  const block = `date_trunc('${cuts.block}', ${name(times.column)})`
  return { table, unit: `strftime(${block}, '%Y-%m-%dT%H:%M')`, unitKey: block, times, cuts }
}

async function sideByGroup(
  connection: DuckDBConnection,
  split: Extract<StoredSplit, { kind: 'group' }>,
  unit: string,
  inHoldout: string,
  seen: string,
  table: string,
): Promise<void> {
  if (split.stratify === undefined) {
    const side = `case when ${inHoldout} then 'holdout' when ${shareOf(unit, 'test')} < ${split.test} then 'test' else ${otherSide(unit, split.validation)} end`
    await connection.run(`create table ${table} as select *, ${side} as refit_side ${seen}`)
    return
  }
  await stratify(connection, split, split.stratify, unit, inHoldout)
  // A join that spills gives rows in any order. So only their numbers go through it, and are sorted.
  await connection.run(
    `create or replace temp table drawn as select seen.refit_row, coalesce(strata.refit_side, 'holdout') as refit_side
      from (select * ${seen}) as seen left join strata on strata.refit_unit = md5_number(${unit}) order by refit_row`,
  )
  await connection.run(
    `create table ${table} as select seen.*, if(drawn.refit_row = seen.refit_row, drawn.refit_side, error('rows out of order')) as refit_side
      from (select * ${seen}) as seen positional join drawn`,
  )
  await connection.run('drop table strata; drop table drawn')
}

function sideByTime(split: Exclude<StoredSplit, { kind: 'group' }>, times: Times, cuts: Cuts, unit: string, inHoldout: string): string {
  const instant = `epoch_us(${name(times.column)})`
  const isTestGroup = split.kind === 'groupAndTime' ? `${shareOf(unit, 'test')} < ${split.groups}` : 'true'
  const earlier = split.kind === 'groupAndTime' ? `case when ${isTestGroup} then 'left-out' else ${otherSide(unit, split.validation)} end` : `case when ${instant} > ${cuts.validationFrom} then 'validation' else 'train' end`
  return `case when ${instant} > ${times.newest} or ${name(times.column)} is null then 'left-out'
    when ${inHoldout} then 'holdout'
    when ${instant} > ${cuts.testFrom} then case when ${isTestGroup} then 'test' else 'left-out' end
    when ${instant} > ${cuts.trainUntil} then 'left-out'
    else ${earlier} end`
}

/** The side of a unit that does not test. */
function otherSide(unit: string, validation: number): string {
  return `case when ${shareOf(unit, 'validation')} < ${validation} then 'validation' else 'train' end`
}
