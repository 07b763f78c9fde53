import type { DuckDBValue } from '@duckdb/node-api'
import type { StoredColumn } from '../define/stored-definition.js'
import { name } from './duckdb.js'
import { keyNumbers } from './number-keys.js'
import type { TestRows } from './test-rows.js'
import { columnWith } from './unit.js'

/** What is kept of each row of a test set: 24 bytes (target or label, unit, drop, time), 8 for a weight, and 4 for each sliced column. */
export interface TestSet {
  readonly rows: number
  /** The target of a regression; empty otherwise. */
  readonly targets: Float64Array
  /** The target of a classification; empty otherwise. */
  readonly labels: CodedColumn
  /** The number of each row's resampling unit, in the order in which they first occur. */
  readonly units: Int32Array
  /** Whether units are whole days, where they are blocks of time. */
  readonly daily: boolean
  /** The drop that each row came from. */
  readonly drops: CodedColumn
  /** Milliseconds since 1970; NaN without a time column. */
  readonly times: Float64Array
  /** How much each row counts; undefined without a weight column. */
  readonly weights: Float64Array | undefined
  /** The columns that slices are asked for. */
  readonly slices: Readonly<Record<string, CodedColumn>>
}

/** Texts of a column: for each row the index of its own in `values`. */
export interface CodedColumn {
  readonly codes: Int32Array
  readonly values: readonly string[]
}

/** A column of what a model takes. */
export interface InputColumn {
  readonly name: string
  readonly type: 'number' | 'category' | 'boolean'
}

/** Reads what says of each row what it counts for. Features are not among it: `readFeatures` gives them as they pass. */
export async function readTestSet(source: TestRows, columns: Readonly<Record<string, StoredColumn>>, sliced: readonly string[] = []): Promise<TestSet> {
  const time = columnWith(columns, 'time')
  const target = columnWith(columns, 'target') ?? ''
  const isNumber = columns[target]?.type === 'number'
  const targets = new Float64Array(isNumber ? source.rows : 0)
  const labels = codedColumn(isNumber ? 0 : source.rows)
  const units = new Int32Array(source.rows)
  const drops = codedColumn(source.rows)
  const times = new Float64Array(source.rows)
  const weight = columnWith(columns, 'weight')
  const weights = weight === undefined ? undefined : new Float64Array(source.rows)
  const slices = sliced.map(() => codedColumn(source.rows))
  const numbers = keyNumbers()
  let daily = true
  // Units may be as many as rows: a hash of 64 bits instead of their texts; two of 10 million are the same once in 400,000 times.
  const key = ['(hash(refit_unit) & 4294967295)::uinteger', '(hash(refit_unit) >> 32)::uinteger', "refit_unit like '%T00:00'"]
  const instant = time === undefined ? 'null::double' : `epoch_ms(${name(time)})::double`
  await source.read([...key, 'refit_drop', instant, name(target), weight === undefined ? '1' : name(weight), ...sliced.map(name)], ([lows = [], highs = [], days = [], dropIds = [], instants = [], truths = [], weighed = [], ...texts], from) => {
    for (let index = 0; index < lows.length; index += 1) {
      units[from + index] = numbers.numberOf(Number(lows[index]), Number(highs[index]))
      daily &&= days[index] === true
      times[from + index] = numberOrNaN(instants[index])
      if (isNumber) targets[from + index] = Number(truths[index])
      if (weights !== undefined) weights[from + index] = numberOrNaN(weighed[index])
    }
    drops.put(dropIds, from)
    if (!isNumber) labels.put(truths, from)
    for (const [index, slice] of slices.entries()) slice.put(texts[index] ?? [], from)
  })
  return {
    rows: source.rows,
    targets,
    labels: labels.column(),
    units,
    daily,
    drops: drops.column(),
    times,
    weights,
    slices: Object.fromEntries(sliced.map((column, index) => [column, slices[index]?.column() ?? codedColumn(source.rows).column()])),
  }
}

/** Gives all rows, or the first `most`, as predictors take them, in their order, a few thousand at a time: an array for each of `inputs`. */
export async function readFeatures(
  source: TestRows,
  inputs: readonly InputColumn[],
  visit: (columns: readonly (readonly (number | string | boolean | null)[])[], rows: number, from: number) => Promise<void>,
  most?: number,
): Promise<void> {
  await source.read(
    // Something there is of each row, also where no column is asked for.
    ['1', ...inputs.map((input) => name(input.name))],
    async ([all = [], ...columns], from) => visit(inputs.map(({ type }, index) => (columns[index] ?? []).map((value) => featureOf(type, value))), all.length, from),
    most,
  )
}

/** Gives columns as a person would write their values, for all rows in their order, a few thousand at a time: times are ISO 8601 in UTC. */
export async function readColumns(
  source: TestRows,
  columns: readonly (readonly [string, StoredColumn])[],
  visit: (columns: readonly (readonly (number | string | boolean | null)[])[], rows: number, from: number) => void,
): Promise<void> {
  const expressions = columns.map(([column, { type }]) => (type === 'time' ? `strftime(${name(column)}, '%Y-%m-%dT%H:%M:%S.%gZ')` : name(column)))
  const typeOf = (type: StoredColumn['type']): InputColumn['type'] => (type === 'number' || type === 'boolean' ? type : 'category')
  await source.read(['1', ...expressions], ([all = [], ...values], from) =>
    visit(columns.map(([, { type }], index) => (values[index] ?? []).map((value) => featureOf(typeOf(type), value))), all.length, from),
  )
}

/** A column that is filled as its rows come. */
function codedColumn(rows: number): { put(values: readonly DuckDBValue[], from: number): void; column(): CodedColumn } {
  const codes = new Int32Array(rows)
  const numbers = new Map<string, number>()
  return {
    put: (values, from) => {
      for (let index = 0; index < values.length; index += 1) {
        const text = textOf(values[index])
        const known = numbers.get(text)
        if (known === undefined) numbers.set(text, numbers.size)
        codes[from + index] = known ?? numbers.size - 1
      }
    },
    column: () => ({ codes, values: [...numbers.keys()] }),
  }
}

function numberOrNaN(value: DuckDBValue | undefined): number {
  return value === null || value === undefined ? Number.NaN : Number(value)
}

function featureOf(type: InputColumn['type'], value: DuckDBValue): number | string | boolean | null {
  if (value === null) return null
  switch (type) {
    case 'number':
      return Number(value)
    case 'boolean':
      return value === true
    case 'category':
      return textOf(value)
  }
}

/** Numbers, booleans and text of a Parquet file as text; nothing else is ever in a part. */
function textOf(value: DuckDBValue | undefined): string {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : ''
}
