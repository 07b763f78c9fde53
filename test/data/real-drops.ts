import type { TestContext } from 'node:test'
import type { StoredColumn } from '../../src/define/stored-definition.js'
import { weeklyFiles } from '../scenarios/shared-data.js'
import { read } from './season.js'

type Columns = Readonly<Record<string, StoredColumn>>
type Values = Readonly<Record<string, string>>

/** Real rows, and the parts that their weekly files became. `n`, from 1 on, numbers the rows in all of them. */
export interface RealDrops {
  readonly columns: Columns
  /** Of each week. */
  readonly rows: readonly (readonly Values[])[]
  readonly parts: readonly { readonly drop: string; readonly path: string }[]
}

const feature = (type: StoredColumn['type'], optional = false): StoredColumn => ({ type, role: 'feature', optional })

const houseColumns: Columns = {
  id: { type: 'text', role: 'group', optional: false },
  date: { type: 'time', role: 'time', optional: false },
  price: { type: 'number', role: 'target', optional: false },
  n: feature('number'),
  bedrooms: feature('number', true),
  bathrooms: feature('number', true),
  sqft_living: feature('number'),
  grade: feature('number'),
  waterfront: feature('boolean'),
  zipcode: feature('category'),
  yr_built: feature('number'),
}

const marketColumns: Columns = {
  timestamp: { type: 'time', role: 'time', optional: false },
  class: { type: 'category', role: 'target', optional: false },
  n: feature('number'),
  period: feature('number'),
  nswprice: feature('number'),
  nswdemand: feature('number'),
  vicprice: feature('number'),
  vicdemand: feature('number'),
  transfer: feature('number'),
}

/** House sales in King County, week by week; `more` gives further features. */
export function kingCounty(context: TestContext, weeks = 57, more: (row: Values) => Values = () => ({}), columns: Columns = {}): Promise<RealDrops> {
  return realDrops(context, weeklyFiles('king-county-house-sales.csv', 'date').slice(0, weeks), { ...houseColumns, ...columns }, more)
}

/** The electricity market of New South Wales, week by week. */
export function electricity(context: TestContext, weeks: number, more: (row: Values) => Values = () => ({}), columns: Columns = {}): Promise<RealDrops> {
  return realDrops(context, weeklyFiles('nsw-electricity.csv', 'timestamp').slice(0, weeks), { ...marketColumns, ...columns }, more)
}

async function realDrops(context: TestContext, files: readonly { readonly name: string; readonly content: string }[], columns: Columns, more: (row: Values) => Values): Promise<RealDrops> {
  let n = 0
  const rows = files.map(({ content }) =>
    rowsOf(content).map((row): Values => {
      const whole = { ...row, n: String((n += 1)) }
      return { ...whole, ...more(whole) }
    }),
  )
  const names = Object.keys(columns)
  const drops = files.map(({ name }, week) => [name, [names, ...(rows[week] ?? []).map((row) => names.map((column) => row[column] ?? ''))].map((cells) => cells.join(',')).join('\n')] as const)
  const { parts } = await read(context, Object.fromEntries(drops), columns)
  if (parts.length !== files.length) throw new Error(`${files.length - parts.length} weeks were refused`)
  return { columns, rows, parts }
}

function rowsOf(content: string): readonly Values[] {
  const [head = '', ...lines] = content.trim().split('\n')
  const names = head.split(',')
  return lines.map((line) => Object.fromEntries(line.split(',').map((value, at) => [names[at] ?? '', value])))
}
