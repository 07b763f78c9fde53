import type { DuckDBConnection } from '@duckdb/node-api'
import type { StoredColumn, StoredSplit, StoredWindow } from '../define/stored-definition.js'
import { name, numberOf, rowOf, text } from './duckdb.js'

/**
 * The side of a row. For grouped splits it is a pure function of the canonical text of its group: the lower 64 bits of
 * the MD5 of that text (DuckDB's `md5_number_lower`, little-endian), as a share of 2^64. MD5 is used because it is
 * the same everywhere and for ever; it is no matter of security.
 */

/** The share that a text falls on, in [0, 1). */
function shareOf(textExpression: string): string {
  return `(md5_number_lower(${textExpression})::double / 18446744073709551616.0)`
}

/** The canonical text of a column's value under the contract's type. */
function canonicalText(column: string): string {
  return `coalesce(${name(column)}::varchar, '')`
}

/** What stays together: the group, else the key, else the whole row. */
export function unitExpression(columns: Readonly<Record<string, StoredColumn>>): string {
  const found = columnWith(columns, 'group') ?? columnWith(columns, 'key')
  if (found !== undefined) return canonicalText(found)
  // By name, and without what is missing: another order of the definition, or a column that former rows lack, moves no row.
  const all = Object.keys(columns).filter((column) => columns[column]?.role !== 'ignored')
  return all.toSorted().map((column) => `coalesce(${text(`${column}=`)} || ${name(column)}::varchar || chr(31), '')`).join(' || ')
}

/** The column of a role, if there is one. */
export function columnWith(columns: Readonly<Record<string, StoredColumn>>, role: StoredColumn['role']): string | undefined {
  return Object.entries(columns).find(([, column]) => column.role === role)?.[0]
}

/**
 * The newest plausible time, as microseconds since 1970. A time is implausible when it lies beyond the 99 % quantile by
 * more than the whole range from the 1 % to the 99 % quantile and 31 days: one row dated 2105 moves nothing.
 */
export async function newestPlausible(connection: DuckDBConnection, time: string): Promise<number> {
  const row = await rowOf(
    connection,
    `with t as (select epoch_us(${name(time)}) as t from history where ${name(time)} is not null),
      q as (select quantile_disc(t, 0.99) as high, quantile_disc(t, 0.01) as low from t)
      select max(t) filter (where t <= high + (high - low) + 31 * 86400000000) as newest from t, q`,
  )
  return numberOf(row['newest'])
}

/** Makes the view `seen`: the rows of `history` within the window. */
export async function applyWindow(connection: DuckDBConnection, window: StoredWindow, time: string | undefined, newest: number): Promise<void> {
  const filter = ((): string => {
    switch (window.kind) {
      case 'all':
        return ''
      case 'rows':
        return `qualify row_number() over (order by ${time === undefined ? '' : `${name(time)} desc nulls last, `}refit_row desc) <= ${window.rows}`
      case 'duration':
        return time === undefined ? '' : `where epoch_us(${name(time)}) > ${newest - window.milliseconds * 1000}`
    }
  })()
  await connection.run(`create temp table seen as select * from history ${filter}`)
}

/** Makes the table `sided`: the rows of `seen` with `refit_side` (train, validation, test or left-out) and `refit_unit`. */
export async function assignSides(
  connection: DuckDBConnection,
  split: StoredSplit,
  columns: Readonly<Record<string, StoredColumn>>,
  time: string | undefined,
  newest: number,
): Promise<void> {
  if (split.kind === 'group') {
    const unit = unitExpression(columns)
    await connection.run(
      `create temp table sided as select *, ${unit} as refit_unit,
        case when ${shareOf(unit)} < ${split.test} then 'test'
             when ${shareOf(`${unit} || chr(31) || 'validation'`)} < ${split.validation} then 'validation'
             else 'train' end as refit_side from seen`,
    )
    return
  }
  if (time === undefined) throw new Error('a split by time needs a time column')
  const instant = `epoch_us(${name(time)})`
  const testFrom = newest - split.testMilliseconds * 1000
  const trainUntil = testFrom - split.gapMilliseconds * 1000
  const earlier = await rowOf(
    connection,
    `select quantile_disc(${instant}, ${1 - split.validation}) as cut from seen where ${instant} <= ${trainUntil}`,
  )
  const validationFrom = numberOf(earlier['cut'])
  const block = await blockOf(connection, name(time), testFrom, newest)
  await connection.run(
    `create temp table sided as select *, strftime(date_trunc('${block}', ${name(time)}), '%Y-%m-%dT%H:%M') as refit_unit,
      case when ${instant} > ${newest} or ${name(time)} is null then 'left-out'
           when ${instant} > ${testFrom} then 'test'
           when ${instant} > ${trainUntil} then 'left-out'
           when ${instant} > ${validationFrom} then 'validation'
           else 'train' end as refit_side from seen`,
  )
}

/** Blocks of a day, or of an hour where the test window has too few days for twenty of them. */
async function blockOf(connection: DuckDBConnection, time: string, from: number, until: number): Promise<'day' | 'hour'> {
  const row = await rowOf(
    connection,
    `select count(distinct date_trunc('day', ${time})) as days from seen where epoch_us(${time}) > ${from} and epoch_us(${time}) <= ${until}`,
  )
  return numberOf(row['days']) >= 20 ? 'day' : 'hour'
}
