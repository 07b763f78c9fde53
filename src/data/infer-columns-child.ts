import { basename } from 'node:path'
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import type { Static } from 'typebox'
import type { InferredColumn } from '../define/inferred-data.js'
import type { ColumnType } from '../define/stored-definition.js'
import { refitError } from '../errors.js'
import { answerChildJob } from '../processes/child-job.js'
import { castOf } from './cast.js'
import { name, numberOf, openDuckDb, rowOf, rowsOf, type Row } from './duckdb.js'
import { FileFault } from './file-fault.js'
import { InferColumnsInput } from './infer-columns-job.js'
import { withTables } from './open-table.js'

/** Texts of more words or letters on average are prose, no categories. */
const PROSE = { words: 5, letters: 50 }
/** More categories than this are no categories, unless a value stands for two rows at least. */
const MOST_CATEGORIES = 1000
const MOST_VALUES = 12
/** From this share of numbers on, the rest are strays worth naming. */
const NEARLY_ALL = 0.9

type Input = Static<typeof InferColumnsInput>

/** Looks at the table column by column. */
answerChildJob(InferColumnsInput, async (input) => {
  const { mostRows, memoryBytes, spillFolder } = input
  const connection = await openDuckDb({ memoryBytes, spillFolder })
  const names = await load(connection, input)
  const rows = numberOf((await rowOf(connection, 'select count(*) as rows from raw'))['rows'])
  if (rows === 0) throw refitError('data-unfit', { file: nameOf(input), reason: 'it has a header but no rows' })
  const columns: InferredColumn[] = []
  for (const column of names) columns.push(await inferColumn(connection, column, rows))
  return { rows, complete: rows < mostRows, columns }
})

/** Makes the table `raw` of the first rows; returns its columns. */
async function load(connection: DuckDBConnection, input: Input): Promise<readonly string[]> {
  const { files, format, expected, mostRows, spillFolder } = input
  const file = nameOf(input)
  const opened = files.map(({ path, key }, index) => ({ path, key, expected, format, scratchFile: `${spillFolder}.${index}.plain` }))
  try {
    return await withTables(connection, opened, async (tables) => {
      const names = [...new Set(tables.flatMap(({ columns }) => columns))]
      const values = format.header === false ? [] : names.filter((name) => name.trim() !== '' && Number.isFinite(Number(name)))
      if (values.length * 2 >= names.length) throw refitError('data-unfit', { file, reason: `its first line has values such as ${values[0] ?? ''} instead of the names of its columns` })
      await connection.run(`create temp table raw as select * from (${tables.map(({ rows }) => `select * from ${rows.from}`).join(' union all by name ')}) limit ${mostRows}`)
      return names
    })
  } catch (error) {
    if (error instanceof FileFault) throw refitError('data-unfit', { file, reason: error.message }, { cause: error })
    throw error
  }
}

/** What the table is called in messages; a fault names its own file where there are several. */
function nameOf({ files }: Input): string {
  return basename(files[0]?.key ?? '')
}

async function inferColumn(connection: DuckDBConnection, column: string, rows: number): Promise<InferredColumn> {
  const as = (type: ColumnType): string => castOf(column, { type })
  const found = await rowOf(
    connection,
    `with v as (select nullif(trim(${name(column)}::varchar), '') as v, ${as('number')} as n, ${as('boolean')} as b, ${as('time')} as t from raw)
      select count(v) as present, count(distinct v) as "distinct",
        count(*) filter (where isfinite(n)) as numbers, count(*) filter (where isfinite(n) and n = floor(n)) as wholes,
        count(*) filter (where v ~ '^0[0-9]+$') as codes, count(*) filter (where n in (0, 1)) as digits,
        min(n) filter (where isfinite(n)) as smallest, max(n) filter (where isfinite(n)) as largest,
        any_value(v) filter (where n is null or not isfinite(n)) as stray,
        count(b) as booleans, count(*) filter (where isfinite(t)) as times,
        strftime(min(t) filter (where isfinite(t)), '%Y-%m-%dT%H:%M:%S') as oldest, strftime(max(t) filter (where isfinite(t)), '%Y-%m-%dT%H:%M:%S') as newest,
        (quantile_disc(epoch_ms(t), 0.99) filter (where isfinite(t))) - (quantile_disc(epoch_ms(t), 0.79) filter (where isfinite(t))) as fifth,
        avg(length(v)) as letters, avg(length(v) - length(replace(v, ' ', '')) + 1) as words
      from v`,
  )
  const present = numberOf(found['present'])
  const distinct = numberOf(found['distinct'])
  const numbers = numberOf(found['numbers'])
  const type = typeOf(found)
  const isStray = type !== 'number' && type !== 'time' && numbers < present && numbers >= present * NEARLY_ALL
  return {
    name: column,
    type,
    distinct,
    missing: (rows - present) / rows,
    unique: present === 0 ? 0 : distinct / present,
    whole: present > 0 && numberOf(found['wholes']) === present,
    ...(type === 'number' ? { min: String(numberOf(found['smallest'])), max: String(numberOf(found['largest'])) } : {}),
    ...(type === 'time' ? { min: timeText(found['oldest']), max: timeText(found['newest']), newestFifth: numberOf(found['fifth']) } : {}),
    ...(distinct <= MOST_VALUES ? { values: await valuesOf(connection, column) } : {}),
    ...(isStray ? { strays: { rows: present - numbers, example: String(found['stray']) } } : {}),
  }
}

function typeOf(found: Row): ColumnType {
  const count = (what: string): number => numberOf(found[what])
  const present = count('present')
  const distinct = count('distinct')
  if (present === 0) return 'text'
  // Zeros and ones stay numbers: nothing tells that no two will follow.
  if (count('booleans') === present && distinct === 2 && count('digits') === 0) return 'boolean'
  if (count('times') === present) return 'time'
  // A code such as 02134 loses its zero as a number.
  if (count('numbers') === present && count('codes') === 0) return 'number'
  const prose = numberOf(found['words']) > PROSE.words || numberOf(found['letters']) > PROSE.letters
  const repeats = distinct <= 20 || distinct <= present / 2
  return !prose && repeats && distinct <= MOST_CATEGORIES ? 'category' : 'text'
}

/** Midnight goes without saying. */
function timeText(value: DuckDBValue | undefined): string {
  return String(value).replace(/T00:00:00$/, '')
}

/** Each value as the contract would keep it. */
async function valuesOf(connection: DuckDBConnection, column: string): Promise<string[]> {
  const value = castOf(column, { type: 'category' })
  const rows = await rowsOf(connection, `select distinct ${value} as refit_value from raw where nullif(trim(${name(column)}::varchar), '') is not null order by refit_value`)
  return rows.map((row) => String(row['refit_value']))
}
