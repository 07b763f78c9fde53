import { openHistory } from '../data/history.js'
import { name, openDuckDb } from '../data/duckdb.js'
import type { ValueColumns } from './prepare-rows.js'
import type { PrepareSetsInput } from './prepare-sets-job.js'

/**
 * Where a row of a set came from, as it is told: `row 17 of week-03.csv`. Sets do not say it, for trainers read them, so
 * the row is looked for among those of the drops; of several that are equal the first is as good as any.
 */
export async function locateRow({ columns, target, parts, memoryBytes, folder }: PrepareSetsInput, values: ValueColumns, row: number): Promise<string> {
  const connection = await openDuckDb({ memoryBytes: memoryBytes / 4, spillFolder: `${folder}.spill` })
  await openHistory(connection, parts, columns)
  const sought = Object.keys(columns).filter((column) => columns[column]?.role === 'feature' || column === target)
  const same = sought.map((column, index) => `${name(column)} is not distinct from $${index + 1}`).join(' and ')
  const given = sought.map((column) => values[column]?.[row] ?? null)
  const [found] = (await connection.runAndReadAll(`select refit_drop, refit_row % 1000000000000 + 1 as number from history where ${same} order by refit_row limit 1`, given)).getRowObjects()
  connection.closeSync()
  const drop = parts.find((part) => part.drop === found?.['refit_drop'])
  return drop === undefined ? `a row of the training set` : `row ${String(found?.['number'])} of ${drop.name}`
}
