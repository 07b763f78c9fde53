import { sql } from 'kysely'
import type { Database } from '../database/schema.js'
import { MOST_INTEGER } from './entries.js'
import type { Metric } from './metrics.js'
import { invalid } from './refusals.js'
import { getRun } from './runs.js'

/** Some of a history, and where it goes on. */
export interface HistoryPage {
  readonly metrics: readonly Metric[]
  /** Undefined: it has no more. */
  readonly next: HistoryPlace | undefined
  /** No page follows that was asked for. */
  readonly isLast: boolean
}

/** The last point that was given; the next ones come after it. Whole numbers are kept as they are written, for some have more digits than numbers here. */
export type HistoryPlace = readonly [at: string, step: string, value: number]

/** Points that are in memory at a time. */
export const PAGE_POINTS = 5000

const BEGINNING: HistoryPlace = ['-9223372036854775808', '-9223372036854775808', Number.NEGATIVE_INFINITY]

/**
 * A metric's history by time, step and value, page by page, of which there is one at least: from a place on, and no more points
 * than asked for. Nothing is held of the database between two pages. @throws RefitError `tracking-missing`
 */
export async function* metricHistory(database: Database, run: string, key: string, { after, most = Number.POSITIVE_INFINITY }: { readonly after: HistoryPlace | undefined; readonly most: number | undefined }): AsyncGenerator<HistoryPage, void> {
  const { number } = await getRun(database, run)
  let place = after ?? BEGINNING
  for (let left = most; ; ) {
    const wanted = Math.min(left, PAGE_POINTS)
    const { rows } = await sql<{ at: string; step: string; value: number }>`
      /* prepared tracking-metric-history */
      select points.at::text as at, points.step::text as step, points.value from tracking.points
      where points.series = (select id from tracking.series where run = ${number} and key = ${key})
        and (points.at, points.step, points.value) > (${place[0]}::bigint, ${place[1]}::bigint, ${place[2]}::float8)
      order by points.at, points.step, points.value limit ${wanted + 1}::bigint`.execute(database)
    const metrics = rows.slice(0, wanted).map(({ at, step, value }) => ({ key, value, at: Number(at), step: Number(step) }))
    const last = rows[wanted - 1]
    left -= metrics.length
    if (rows.length <= wanted || last === undefined) {
      yield { metrics, next: undefined, isLast: true }
      return
    }
    place = [last.at, last.step, last.value]
    yield { metrics, next: place, isLast: left === 0 }
    if (left === 0) return
  }
}

/** Opaque to whoever asks. */
export function placeToken(place: HistoryPlace): string {
  return Buffer.from(JSON.stringify(place.map(String))).toString('base64url')
}

/** @throws RefitError `tracking-invalid` */
export function placeOf(token: string): HistoryPlace {
  const [at, step, value, ...more] = readToken(token)
  if (at === undefined || step === undefined || value === undefined || !isNumber(value) || more.length > 0 || ![at, step].every(isWhole)) throw invalid('Invalid page token')
  return [at, step, Number(value)]
}

function isWhole(text: string): boolean {
  return /^-?\d{1,19}$/.test(text) && Math.abs(Number(text)) < MOST_INTEGER
}

function isNumber(text: string): boolean {
  return text === 'NaN' || (text.trim() !== '' && !Number.isNaN(Number(text)))
}

function readToken(token: string): readonly string[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, 'base64url').toString())
    return Array.isArray(parsed) ? parsed.map(String) : []
  } catch {
    throw invalid('Invalid page token')
  }
}
