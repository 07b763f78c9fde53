import type { DuckDBConnection } from '@duckdb/node-api'
import type { StoredSplit, StoredWindow } from '../define/stored-definition.js'
import { name, numberOf, rowOf, rowsOf } from './duckdb.js'

/**
 * Instants are microseconds since 1970. Nothing here keeps the times of all rows in memory: they are counted by the
 * day, and what needs their order sorts nothing but them.
 */

const DAY = 86_400_000_000
/** Where fewer days than this are tested, hours are the blocks. */
const ENOUGH_DAYS = 20

/** The times of `history`, by day. */
export interface Times {
  readonly column: string
  /** The newest plausible instant; nothing beyond it moves a window or a split. */
  readonly newest: number
  /** How many days have plausible rows after an instant. */
  readonly daysAfter: (instant: number) => number
}

/**
 * Reads the times of `history`. A day is implausible when it begins later than the 99 % quantile by more than the whole
 * range from the 1 % to the 99 % quantile and 31 days: one row dated 2105 moves nothing.
 */
export async function readTimes(connection: DuckDBConnection, column: string): Promise<Times> {
  const instant = `epoch_us(${name(column)})`
  const rows = await rowsOf(
    connection,
    `select ${instant} // ${DAY} as refit_day, count(*) as refit_rows, min(${instant}) as refit_oldest, max(${instant}) as refit_newest
      from history where ${name(column)} is not null group by refit_day order by refit_day`,
  )
  const days = rows.map((row) => ({ rows: numberOf(row['refit_rows']), oldest: numberOf(row['refit_oldest']), newest: numberOf(row['refit_newest']) }))
  const total = days.reduce((sum, day) => sum + day.rows, 0)
  const quantile = (share: number): { oldest: number; newest: number } | undefined => {
    let seen = 0
    return days.find((day) => (seen += day.rows) >= share * total)
  }
  const [low, high] = [quantile(0.01)?.oldest ?? 0, quantile(0.99)?.newest ?? 0]
  const plausible = days.filter(({ oldest }) => oldest <= high + (high - low) + 31 * DAY)
  return {
    column,
    newest: plausible.at(-1)?.newest ?? 0,
    daysAfter: (instant) => plausible.filter(({ newest }) => newest > instant).length,
  }
}

/** The condition on rows of `history` that a window is; `true` where it is all of them. */
export async function windowCondition(connection: DuckDBConnection, window: StoredWindow, times: Times | undefined): Promise<string> {
  switch (window.kind) {
    case 'all':
      return 'true'
    case 'duration':
      return times === undefined ? 'true' : `epoch_us(${name(times.column)}) > ${times.newest - window.milliseconds * 1000}`
    case 'rows': {
      // Rows without a plausible time are the oldest; of equal ones those that came last are the newest.
      const instant = times === undefined ? '0' : `case when epoch_us(${name(times.column)}) <= ${times.newest} then epoch_us(${name(times.column)}) else ${Number.MIN_SAFE_INTEGER} end`
      const [last] = await rowsOf(
        connection,
        `select ${instant} as refit_instant, refit_row from history order by refit_instant desc, refit_row desc limit 1 offset ${window.rows - 1}`,
      )
      if (last === undefined) return 'true'
      const [cut, row] = [numberOf(last['refit_instant']), numberOf(last['refit_row'])]
      return `(${instant} > ${cut} or (${instant} = ${cut} and refit_row >= ${row}))`
    }
  }
}

/** Where a split by time cuts. */
export interface Cuts {
  /** Rows after it test. */
  readonly testFrom: number
  /** Rows up to it train or validate. */
  readonly trainUntil: number
  /** Of those, rows after it validate. */
  readonly validationFrom: number
  /** What is resampled. */
  readonly block: 'day' | 'hour'
}

/** Finds where to cut the rows of `history` that are in the window. */
export async function findCuts(connection: DuckDBConnection, split: Exclude<StoredSplit, { kind: 'group' }>, times: Times, inWindow: string): Promise<Cuts> {
  const testFrom = times.newest - split.testMilliseconds * 1000
  const trainUntil = testFrom - split.gapMilliseconds * 1000
  const block = times.daysAfter(testFrom) >= ENOUGH_DAYS ? 'day' : 'hour'
  if (split.kind === 'groupAndTime') return { testFrom, trainUntil, validationFrom: trainUntil, block }
  const instant = `epoch_us(${name(times.column)})`
  const earlier = `from history where ${inWindow} and ${instant} <= ${trainUntil}`
  const rows = numberOf((await rowOf(connection, `select count(*) as refit_rows ${earlier}`))['refit_rows'])
  const [cut] = await rowsOf(connection, `select ${instant} as refit_cut ${earlier} order by refit_cut desc limit 1 offset ${Math.round(rows * split.validation)}`)
  return { testFrom, trainUntil, validationFrom: numberOf(cut?.['refit_cut']), block }
}
