import { rename } from 'node:fs/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import { name, text } from '../data/duckdb.js'
import type { Signature } from '../packages/manifest.js'
import { likeliest } from '../predictors/likeliest.js'
import { PART_ROWS, partFile } from './finished-parts.js'
import type { OutputColumn } from './output-columns.js'
import { widthOf, type ScoredRows } from './score-rows.js'
import { syncFile } from './sync.js'

/** Takes scored rows one after the other and leaves them in parts. */
export interface PartWriter {
  add(scored: ScoredRows, rows: number): Promise<void>
  /** Finishes the last part. */
  end(): Promise<void>
}

/** Goes on behind the parts that are finished. Each part appears whole, by rename. */
export async function openPartWriter(connection: DuckDBConnection, folder: string, signature: Signature, columns: readonly OutputColumn[], finished: number): Promise<PartWriter> {
  const width = widthOf(signature)
  let part = finished
  let place = finished * PART_ROWS
  await connection.run(`create table part (refit_place bigint, ${columns.map((column) => `${name(column.name)} ${column.type}`).join(', ')})`)
  const flush = async (): Promise<void> => {
    const path = partFile(folder, part)
    await connection.run(`copy (select * from part order by refit_place) to ${text(`${path}.tmp`)} (format parquet, compression zstd)`)
    await connection.run('delete from part')
    await syncFile(`${path}.tmp`)
    await rename(`${path}.tmp`, path)
    await syncFile(folder)
    part += 1
  }
  return {
    add: async ({ values, reasons }, rows) => {
      for (let row = 0; row < rows; ) {
        const fitting = Math.min(rows - row, (part + 1) * PART_ROWS - place)
        const appender = await connection.createAppender('part')
        for (const end = row + fitting; row < end; row += 1, place += 1) {
          appender.appendBigInt(BigInt(place))
          const reason = reasons[row]
          const own = values.subarray(row * width, (row + 1) * width)
          if (reason !== undefined) for (let column = 0; column < columns.length - 1; column += 1) appender.appendNull()
          else if (signature.task === 'regression') appender.appendDouble(own[0] ?? Number.NaN)
          else {
            appender.appendVarchar(signature.classes[likeliest(own)] ?? '')
            for (const probability of own) appender.appendDouble(probability)
          }
          if (reason === undefined) appender.appendNull()
          else appender.appendVarchar(reason)
          appender.endRow()
        }
        appender.closeSync()
        if (place === (part + 1) * PART_ROWS) await flush()
      }
    },
    end: async () => {
      if (place > part * PART_ROWS) await flush()
    },
  }
}
