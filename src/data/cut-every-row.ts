import type { DuckDBConnection } from '@duckdb/node-api'
import type { Static } from 'typebox'
import { cutInto, writeTrainingSets } from './cut-sets.js'
import { instantText } from './describe-sets.js'
import { numberOf, rowOf } from './duckdb.js'
import type { EveryRow, EveryRowInput } from './every-row-job.js'
import { columnWith } from './unit.js'

/** Writes every row of a snapshot's window but the holdout as one training set, into a folder that appears whole. */
export function cutEveryRow(connection: DuckDBConnection, input: Static<typeof EveryRowInput>): Promise<EveryRow> {
  return cutInto(connection, { ...input, isWhole: true }, async ({ table }, folder) => {
    await writeTrainingSets(connection, input.columns, table, folder)
    const time = columnWith(input.columns, 'time')
    const trained = "refit_side = 'train'"
    const newest = time === undefined ? 'null' : instantText('max', time, trained)
    const row = await rowOf(connection, `select count(*) filter (where ${trained}) as refit_rows, ${newest} as refit_newest from ${table}`)
    return { folder: input.outputFolder, rows: numberOf(row['refit_rows']), ...(time === undefined ? {} : { trainedUntil: String(row['refit_newest']) }) }
  })
}
