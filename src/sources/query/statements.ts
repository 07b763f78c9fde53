import { escapeIdentifier, escapeLiteral } from 'pg'

/** What a watermark can be, by PostgreSQL's type. */
interface WatermarkType {
  readonly name: string
  /** Below everything. */
  readonly lowest: string
  /** Rows beyond this SQL expression are left for later; undefined: none. */
  readonly latest?: string
  /** How far before a watermark rows are read again. */
  readonly overlaps: 'duration' | 'number' | 'nothing'
}

const integer = (name: string, lowest: string): WatermarkType => ({ name, lowest, overlaps: 'number' })

/**
 * By type id. One row from the future would make all others before it late: it waits until its time has come. Rows of
 * today may still be coming, and would have the same date: they wait for tomorrow.
 */
const types: ReadonlyMap<number, WatermarkType> = new Map([
  [20, integer('int8', '-9223372036854775808')],
  [21, integer('int2', '-32768')],
  [23, integer('int4', '-2147483648')],
  [25, { name: 'text', lowest: '', overlaps: 'nothing' }],
  [1043, { name: 'text', lowest: '', overlaps: 'nothing' }],
  [1082, { name: 'date', lowest: '-infinity', latest: 'current_date - 1', overlaps: 'duration' }],
  // Without a zone it may be that of the server's users or UTC.
  [1114, { name: 'timestamp', lowest: '-infinity', latest: "greatest(now() at time zone 'UTC', now() at time zone %zone%)", overlaps: 'duration' }],
  [1184, { name: 'timestamptz', lowest: '-infinity', latest: 'now()', overlaps: 'duration' }],
])

export interface Asked {
  readonly query: string
  readonly watermark: string
  /** Milliseconds for times, otherwise a number; 0: none. */
  readonly overlap: number | { readonly milliseconds: number }
}

/** The query's columns without rows: tells the type of its watermark. */
export function describingStatement(query: string): string {
  return `select * from (${filled(query, 'null')}) as refit_rows limit 0`
}

/** What is asked of one query whose watermark has one type. Every statement is a text without parameters, for COPY takes none. */
export interface Statements {
  /** Gives `upper`, the greatest watermark after `after`, and `beyond`, whether it is above that; null where there is no row. */
  newest(after: string | undefined): string
  /** Gives `seen`: a digest of the rows that the next look reads again when `upper` was the greatest. */
  seen(upper: string): string
  /** Gives `some`, whether there are rows up to `upper`. */
  some(after: string | undefined, upper: string): string
  /** Copies the rows up to `upper` as CSV with a header, in the order of their watermarks. */
  copy(after: string | undefined, upper: string): string
}

/** @throws Error for a type that is no watermark, or an overlap that does not fit it */
export function statementsFor({ query, watermark, overlap }: Asked, typeId: number, timeZone: string): Statements {
  const type = types.get(typeId)
  if (type === undefined) throw new Error(`the watermark ${watermark} has a type that is none of: timestamp, timestamptz, date, int2, int4, int8, text`)
  if (overlap !== 0 && type.overlaps !== (typeof overlap === 'number' ? 'number' : 'duration')) {
    throw new Error(type.overlaps === 'nothing' ? `a watermark of type ${type.name} can have no overlap` : `the overlap of a watermark of type ${type.name} must be a ${type.overlaps}`)
  }
  const column = `refit_rows.${escapeIdentifier(watermark)}`
  const literal = (value: string): string => `${escapeLiteral(value)}::${type.name}`
  const before = (value: string): string => {
    if (typeof overlap === 'number') return overlap === 0 ? literal(value) : `(${literal(value)} - ${overlap})`
    return `(${literal(value)} - interval '${overlap.milliseconds} milliseconds')::${type.name}`
  }
  const lower = (after: string | undefined): string => (after === undefined ? literal(type.lowest) : before(after))
  const rows = (after: string | undefined): string => `(${filled(query, lower(after))}) as refit_rows where ${column} > ${lower(after)}`
  const upTo = (upper: string): string => `${column} <= ${literal(upper)}`
  const latest = type.latest === undefined ? '' : ` and ${column} <= ${type.latest.replace('%zone%', escapeLiteral(timeZone))}`
  return {
    newest: (after) => `select max(${column})::text as upper, ${after === undefined ? 'true' : `max(${column}) > ${literal(after)}`} as beyond from ${rows(after)}${latest}`,
    seen: (upper) => `select count(*) || '-' || coalesce(sum(hashtextextended(refit_rows::text, 0)), 0) as seen from ${rows(upper)} and ${upTo(upper)}`,
    some: (after, upper) => `select exists (select from ${rows(after)} and ${upTo(upper)}) as some`,
    copy: (after, upper) => `copy (select * from ${rows(after)} and ${upTo(upper)} order by ${column}) to stdout with (format csv, header, encoding 'UTF8')`,
  }
}

/** The user's query with its watermark, ready to stand in parentheses. */
function filled(query: string, watermark: string): string {
  return `\n${query.trim().replace(/;$/, '').replaceAll(/\$watermark\b/g, () => watermark)}\n`
}
