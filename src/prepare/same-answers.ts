import { refitError } from '../errors.js'
import { locateRow } from './locate-row.js'
import { RowNotPrepared, type Preparer, type Value, type ValueColumns } from './prepare-rows.js'
import type { PrepareSetsInput } from './prepare-sets-job.js'

/**
 * Requires that rows come out the same from two loads of a module, of which one is given them in their order and
 * together, the other in the opposite order and one by one: none depends on what was prepared before it.
 * @throws RefitError `prepare-impure`, RowNotPrepared
 */
export async function requireSameAnswers(
  input: PrepareSetsInput,
  { rows, columns }: { readonly rows: number; readonly columns: ValueColumns },
  one: Preparer,
  other: Preparer,
): Promise<void> {
  const together = one.prepare(rows, columns, input.batchMilliseconds)
  for (let row = rows - 1; row >= 0; row -= 1) {
    const single = alone(other, columns, row)
    for (const { name } of input.outputs) {
      const [first, second] = [together.get(name)?.[row] ?? null, single.get(name)?.[0] ?? null]
      if (Object.is(first, second)) continue
      throw refitError('prepare-impure', { path: input.path, row: await locateRow(input, columns, row), column: name, first: shown(first), second: shown(second) })
    }
  }
}

function alone(preparer: Preparer, columns: ValueColumns, row: number): ReadonlyMap<string, readonly Value[]> {
  try {
    return preparer.prepare(1, Object.fromEntries(Object.entries(columns).map(([column, values]) => [column, [values[row] ?? null]])))
  } catch (error) {
    throw error instanceof RowNotPrepared ? new RowNotPrepared(row, error.reason) : error
  }
}

function shown(value: Value): string {
  return JSON.stringify(value)
}
