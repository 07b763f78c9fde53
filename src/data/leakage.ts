import type { DuckDBConnection } from '@duckdb/node-api'
import { name, numberOf, rowOf } from './duckdb.js'
import { isGiveaway, type Told } from './giveaway.js'
import type { Inspected } from './inspect-rows.js'
import type { LeakageReport } from './snapshot.js'
import type { Sided, SplitRules } from './split-rows.js'
import { groupingColumn } from './unit.js'

const MOST_TOLD = 5

const trained = "refit_side in ('train', 'validation')"

/** Counts what could make the test set flatter the model. Looks at the groups themselves, not at how sides were assigned. */
export async function reportLeakage(connection: DuckDBConnection, { columns, split }: SplitRules, sided: Sided, told: Inspected['told'], leftOut: number): Promise<LeakageReport> {
  const { table } = sided
  const grouping = groupingColumn(columns)
  const compared = Object.entries(columns).flatMap(([column, { role }]) => (role === 'feature' || role === 'target' ? [name(column)] : []))
  const groupsOnBothSides = grouping === undefined ? 0 : await groupsShared(connection, table, name(grouping))
  const duplicates = await rowOf(
    connection,
    `select sum(refit_rows) as rows from (select hash(${compared.join(', ')}) as refit_content, count(*) as refit_rows from ${table} where refit_side = 'test' group by refit_content)
      where refit_content in (select hash(${compared.join(', ')}) from ${table} where ${trained})`,
  )
  return {
    groupsOnBothSides,
    duplicateRowsAcrossSides: numberOf(duplicates['rows']),
    told: Object.entries(told).map(([column, { measure, value, byChance }]) => ({ column, measure, value, ...(byChance === undefined ? {} : { byChance }) })).toSorted((a, b) => b.value - a.value).slice(0, MOST_TOLD),
    warnings: [
      ...Object.entries(told).flatMap(([column, what]) => (isGiveaway(what) ? [giveawayWords(column, what)] : [])),
      ...(split.kind === 'time' && groupsOnBothSides > 0 ? [`${groupsOnBothSides} groups have rows both before and in the test window.`] : []),
      ...(leftOut > 0 ? await leftOutWords(connection, sided) : []),
    ],
  }
}

function giveawayWords(column: string, { measure, value, byChance = 0 }: Told): string {
  const figure = measure === 'r2' ? `R² ${value.toFixed(3)}` : `right in ${percent(value)} of the test rows; the most frequent class is in ${percent(byChance)}`
  return `Column ${column} predicts the target almost alone (${figure}): is it known when the prediction is asked for?`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

/** Groups with rows that train and rows that test. Hashes of many groups may fall together, so that what they tell is looked at again. */
async function groupsShared(connection: DuckDBConnection, table: string, group: string): Promise<number> {
  const shared = async (key: string): Promise<number> => {
    const row = await rowOf(
      connection,
      `select count(*) as groups from
        (select 1 from ${table} where ${group} is not null group by ${key} having bool_or(refit_side = 'test') and bool_or(${trained}))`,
    )
    return numberOf(row['groups'])
  }
  return (await shared(`hash(${group})`)) === 0 ? 0 : shared(group)
}

async function leftOutWords(connection: DuckDBConnection, { table, times, cuts }: Sided): Promise<readonly string[]> {
  if (times === undefined || cuts === undefined) return []
  const instant = `epoch_us(${name(times.column)})`
  const row = await rowOf(
    connection,
    `select count(*) filter (where ${instant} is null or ${instant} > ${times.newest}) as beyond,
        count(*) filter (where ${instant} > ${cuts.trainUntil} and ${instant} <= ${cuts.testFrom}) as gap,
        count(*) filter (where ${instant} <= ${cuts.trainUntil}) as earlier,
        count(*) filter (where ${instant} > ${cuts.testFrom} and ${instant} <= ${times.newest}) as later
      from ${table} where refit_side = 'left-out'`,
  )
  const inTime = numberOf(row['beyond']) + numberOf(row['gap'])
  const [earlier, later] = [numberOf(row['earlier']), numberOf(row['later'])]
  return [
    ...(inTime > 0 ? [`${counted(inTime, 'lies', 'lie')} in the gap or beyond the newest plausible time and ${inTime === 1 ? 'was' : 'were'} left out.`] : []),
    ...(earlier > 0 ? [`${counted(earlier, 'is', 'are')} of groups that test, before the test window, and ${earlier === 1 ? 'was' : 'were'} left out.`] : []),
    ...(later > 0 ? [`${counted(later, 'is', 'are')} of groups that train, in the test window, and ${later === 1 ? 'was' : 'were'} left out.`] : []),
  ]
}

function counted(rows: number, one: string, several: string): string {
  return `${rows.toLocaleString('en-US')} ${rows === 1 ? `row ${one}` : `rows ${several}`}`
}
