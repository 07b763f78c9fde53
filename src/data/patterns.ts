import { DuckDBInstance } from '@duckdb/node-api'
import type { StoredModel } from '../define/stored-definition.js'
import type { Fault } from '../errors.js'
import { text } from './duckdb.js'

/** Patterns of columns that DuckDB's RE2, which will apply them, does not take; named at their paths below `path`. */
export async function patternFaults({ columns }: StoredModel, path: string): Promise<readonly Fault[]> {
  const patterns = Object.entries(columns).flatMap(([column, { pattern }]) => (pattern === undefined ? [] : [{ column, pattern }]))
  if (patterns.length === 0) return []
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const faults: Fault[] = []
  for (const { column, pattern } of patterns) {
    try {
      await connection.run(`select regexp_full_match('', ${text(pattern)})`)
    } catch (error) {
      const reason = error instanceof Error ? error.message.replace(/^[A-Z][\w ]*Error: /, '').split('\n')[0] : String(error)
      faults.push({ path: `${path}.columns.${column}.pattern`, message: `${JSON.stringify(pattern)} is no regular expression that RE2 takes: ${reason}` })
    }
  }
  connection.closeSync()
  return faults
}
