import type { DuckDBConnection } from '@duckdb/node-api'
import type { StoredColumn, StoredSplit } from '../define/stored-definition.js'
import { name, numberOf, rowOf } from './duckdb.js'
import type { LeakageReport } from './snapshot.js'
import { columnWith } from './split-rows.js'

/** Counts what could make the test set flatter the model. Looks at the groups themselves, not at how sides were assigned. */
export async function reportLeakage(
  connection: DuckDBConnection,
  columns: Readonly<Record<string, StoredColumn>>,
  kind: StoredSplit['kind'],
): Promise<LeakageReport> {
  const unit = columnWith(columns, 'group') ?? columnWith(columns, 'key')
  const compared = Object.entries(columns).flatMap(([column, { role }]) => (role === 'feature' || role === 'target' ? [name(column)] : []))
  const trained = "refit_side in ('train', 'validation')"
  const groups =
    unit === undefined
      ? undefined
      : await rowOf(
          connection,
          `select count(*) as both_sides from (select ${name(unit)} from sided where ${name(unit)} is not null and refit_side <> 'left-out' group by all
            having count(*) filter (where refit_side = 'test') > 0 and count(*) filter (where ${trained}) > 0)`,
        )
  const duplicates = await rowOf(
    connection,
    `select count(*) as rows from sided where refit_side = 'test'
      and hash(${compared.join(', ')}) in (select hash(${compared.join(', ')}) from sided where ${trained})`,
  )
  const groupsOnBothSides = numberOf(groups?.['both_sides'])
  const leftOut = numberOf((await rowOf(connection, "select count(*) as rows from sided where refit_side = 'left-out'"))['rows'])
  const warnings = [
    ...(kind === 'time' && groupsOnBothSides > 0 ? [`${groupsOnBothSides} groups have rows both before and in the test window.`] : []),
    ...(leftOut > 0 ? [`${leftOut} rows lie in the gap or beyond the newest plausible time and were left out.`] : []),
  ]
  return { groupsOnBothSides, duplicateRowsAcrossSides: numberOf(duplicates['rows']), warnings }
}
