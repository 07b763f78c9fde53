import type { DuckDBConnection } from '@duckdb/node-api'
import type { StoredColumn, Task } from '../define/stored-definition.js'
import { driftOf, type ColumnValues } from './drift.js'
import { name, numberOf, rowOf, rowsOf, type Row } from './duckdb.js'
import { toldBy, type FeatureValues, type Target, type Told } from './giveaway.js'
import { distinctIn, histogramOf, quantileOf, readableEdges } from './histogram.js'
import { finite, ORDINARY, scaleFor } from './magnitude.js'
import type { ColumnProfile, FormerProfile, SnapshotProfile } from './profile.js'

/** Shares and bins of so many rows are right to a few tenths of a percent, and take the same time however many rows there are. */
const SAMPLE_ROWS = 100_000
const MOST_CATEGORIES = 100
/** Fewer rows than these tell nothing of a column. */
const FEWEST = { train: 100, test: 30 }
const MOST_TOLD_FROM = 25_000

interface Request {
  readonly columns: Readonly<Record<string, StoredColumn>>
  readonly task: Task
  readonly former?: FormerProfile | undefined
}

export interface Inspected {
  readonly profile: SnapshotProfile
  /** What each feature tells of the target by itself. */
  readonly told: Readonly<Record<string, Told>>
}

/**
 * Looks at the rows of a table: in one pass for what is counted and averaged, and at a sample of its rows, by their
 * numbers, for what would need all values at once. The same rows give the same sample.
 */
export async function inspectRows(connection: DuckDBConnection, table: string, { columns, task, former }: Request): Promise<Inspected> {
  const known = Object.entries(columns).filter(([, { role }]) => role !== 'ignored')
  const exact = await rowOf(connection, `select count(*) as rows, ${known.flatMap(([column, { type }], index) => aggregatesOf(column, type, index)).join(', ')} from ${table}`)
  const rows = numberOf(exact['rows'])
  await connection.run(`create or replace temp table sampled as select * from ${table} ${rows <= SAMPLE_ROWS ? '' : `where hash(refit_row) < ${sampleLimit(rows)}`}`)
  const sides = (await rowsOf(connection, 'select refit_side from sampled')).map((row) => String(row['refit_side']))
  const target = await targetOf(connection, columns, task)
  const lines = linesOf(sides)
  const profiles: Record<string, ColumnProfile> = {}
  const drift: [string, ReturnType<typeof driftOf>][] = []
  const told: Record<string, Told> = {}
  for (const [index, [column, definition]] of known.entries()) {
    const given = await valuesOf(connection, column, definition.type)
    const values = summed(given, definition)
    const missing = rows - numberOf(exact[`c${index}`])
    const moments = definition.type === 'number' ? await momentsOf(connection, table, column, exact, index) : undefined
    profiles[column] = profileOf(definition, missing, values, given, exact, index, moments)
    const before = former?.profile.columns[column]
    if (former !== undefined && before?.type === definition.type) {
      const { rows: formerRows, sampledRows } = former.profile
      drift.push([column, driftOf({ column: before, rows: formerRows, isSample: sampledRows < formerRows }, { values, missing, rows })])
    }
    const tells = definition.role === 'feature' && lines !== undefined ? toldBy(given, target, lines.trains, lines.tests) : undefined
    if (tells !== undefined) told[column] = tells
  }
  await connection.run('drop table sampled')
  return {
    profile: {
      formatVersion: 1,
      rows,
      sampledRows: sides.length,
      columns: profiles,
      ...(former === undefined ? {} : { drift: { since: former.digest, columns: Object.fromEntries(drift) } }),
    },
    told,
  }
}

function sampleLimit(rows: number): string {
  return `${(BigInt(2) ** BigInt(64) * BigInt(SAMPLE_ROWS)) / BigInt(rows)}::ubigint`
}

function aggregatesOf(column: string, type: StoredColumn['type'], index: number): readonly string[] {
  const value = name(column)
  const count = `count(${value}) as c${index}`
  if (type === 'number') return [count, `min(${value}) as min${index}`, `max(${value}) as max${index}`, `avg(${ordinary(value)}) as mean${index}`, `stddev_pop(${ordinary(value)}) as deviation${index}`]
  const format = "'%Y-%m-%dT%H:%M:%SZ'"
  return type === 'time' ? [count, `strftime(min(${value}), ${format}) as min${index}`, `strftime(max(${value}), ${format}) as max${index}`] : [count]
}

function ordinary(value: string): string {
  return `case when abs(${value}) <= ${ORDINARY} then ${value} end`
}

/** Mean and deviation of a column of numbers; where some are huge, once more for these columns, scaled. */
async function momentsOf(connection: DuckDBConnection, table: string, column: string, exact: Row, index: number): Promise<{ readonly mean: number; readonly deviation: number }> {
  const largest = Math.max(Math.abs(numberOf(exact[`min${index}`])), Math.abs(numberOf(exact[`max${index}`])))
  const scale = scaleFor(largest)
  const found = scale === 1 ? exact : await rowOf(connection, `select avg(${name(column)} * ${scale}) as mean${index}, stddev_pop(${name(column)} * ${scale}) as deviation${index} from ${table}`)
  const told = (figure: string): number => finite(rounded(numberOf(found[`${figure}${index}`]) / scale))
  return { mean: told('mean'), deviation: told('deviation') }
}

/** A column of the sample. */
async function valuesOf(connection: DuckDBConnection, column: string, type: StoredColumn['type']): Promise<FeatureValues> {
  const isNumber = type === 'number' || type === 'time'
  const value = type === 'time' ? `epoch_ms(${name(column)})::double` : isNumber ? name(column) : `${name(column)}::varchar`
  const [values = []] = (await connection.runAndReadAll(`select ${value} from sampled`)).getColumns()
  return isNumber ? Float64Array.from(values, (each) => (each === null ? Number.NaN : Number(each))) : values.map((each) => (typeof each === 'string' ? each : null))
}

function summed(given: FeatureValues, { role }: StoredColumn): ColumnValues | undefined {
  if (given instanceof Float64Array) return { kind: 'numbers', sorted: given.filter((value) => !Number.isNaN(value)).toSorted() }
  // Names of groups and keys are as many as there are, and nobody's business.
  if (role === 'key' || role === 'group') return undefined
  const rows = new Map<string, number>()
  for (const value of given) if (value !== null) rows.set(value, (rows.get(value) ?? 0) + 1)
  return { kind: 'categories', rows }
}

function profileOf({ type, role }: StoredColumn, missing: number, values: ColumnValues | undefined, given: FeatureValues, exact: Row, index: number, moments = { mean: 0, deviation: 0 }): ColumnProfile {
  const plain = { type, role, missing }
  if (values === undefined) return { ...plain, distinct: new Set([...given].filter((value) => value !== null)).size }
  if (values.kind === 'categories') {
    const sorted = [...values.rows].toSorted(([a, more], [b, less]) => less - more || (a < b ? -1 : 1))
    const listed = sorted.slice(0, MOST_CATEGORIES).map(([value, rows]) => ({ value, rows }))
    return { ...plain, distinct: sorted.length, categories: { values: listed, otherRows: sorted.slice(MOST_CATEGORIES).reduce((sum, [, rows]) => sum + rows, 0) } }
  }
  const { sorted } = values
  const distinct = distinctIn(sorted)
  if (sorted.length === 0) return { ...plain, distinct }
  const histogram = histogramOf(sorted, readableEdges(sorted))
  if (type === 'time') return { ...plain, distinct, times: { oldest: String(exact[`min${index}`]), newest: String(exact[`max${index}`]), histogram } }
  const at = (share: number): number => quantileOf(sorted, share)
  return {
    ...plain,
    distinct,
    numbers: {
      min: numberOf(exact[`min${index}`]),
      max: numberOf(exact[`max${index}`]),
      ...moments,
      quantiles: { p1: at(0.01), p5: at(0.05), p25: at(0.25), p50: at(0.5), p75: at(0.75), p95: at(0.95), p99: at(0.99) },
      histogram,
    },
  }
}

/** The last digits follow from the order in which threads add. */
function rounded(value: number): number {
  return Number(value.toPrecision(10))
}

async function targetOf(connection: DuckDBConnection, columns: Request['columns'], task: Task): Promise<Target> {
  const [column, definition] = Object.entries(columns).find(([, { role }]) => role === 'target') ?? []
  if (column === undefined || definition === undefined) throw new Error('the definition has no target')
  const given = await valuesOf(connection, column, definition.type)
  if (given instanceof Float64Array) return { task, values: given }
  const classes = new Map([...new Set(given)].map((label, index) => [label, index]))
  return { task, values: Float64Array.from(given, (label) => classes.get(label) ?? -1) }
}

/** Which rows of the sample what is told is learnt from, and judged on; undefined where they are too few. */
function linesOf(sides: readonly string[]): { readonly trains: readonly number[]; readonly tests: readonly number[] } | undefined {
  const of = (...wanted: readonly string[]): readonly number[] => thinned(sides.flatMap((side, row) => (wanted.includes(side) ? [row] : [])))
  const [trains, tests] = [of('train', 'validation'), of('test')]
  return trains.length < FEWEST.train || tests.length < FEWEST.test ? undefined : { trains, tests }
}

/** Every so-manieth of them, where they are many. */
function thinned(rows: readonly number[]): readonly number[] {
  const step = Math.ceil(rows.length / MOST_TOLD_FROM)
  return step <= 1 ? rows : rows.filter((_, index) => index % step === 0)
}
