import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { storedTypes } from '../data/contract.js'
import type { DropReading, Part } from '../data/snapshot.js'
import type { Database, Transaction } from '../database/schema.js'
import { StoredColumn } from '../define/stored-definition.js'
import type { Drop } from '../drops/drop.js'
import { keepProfile } from '../drops/profiles.js'
import { appendEvent } from '../runs/event.js'

type Columns = Readonly<Record<string, StoredColumn>>

/**
 * Ingested drops whose parts were made when the contract had other columns, or other types: what their raw bytes have
 * of the new ones is not in the parts. They are read again; where that gives faults the part of before stays.
 */
export async function outdatedDrops(database: Database, ingested: readonly Drop[], columns: Columns): Promise<readonly Drop[]> {
  const unknown = ingested.filter(({ part }) => part !== undefined && part.columns === undefined)
  const ofRuns = await columnsOfRuns(database, [...new Set(unknown.flatMap(({ run }) => (run === undefined ? [] : [run])))])
  return ingested.filter(({ part, run }) => {
    if (part === undefined) return false
    const known = part.columns ?? ofRuns.get(run ?? '')
    return known !== undefined && Object.entries(storedTypes(columns)).some(([column, type]) => known[column] !== type)
  })
}

/** Parts of the former release do not say what they were made for; the run that read them does. */
async function columnsOfRuns(database: Database, runs: readonly string[]): Promise<ReadonlyMap<string, ReturnType<typeof storedTypes>>> {
  if (runs.length === 0) return new Map()
  const rows = await database.selectFrom('runs').select(['id', 'definition']).where('id', 'in', runs).where('definition', 'is not', null).execute()
  return new Map(rows.map(({ id, definition }) => [id, storedTypes(Value.Parse(Defined, definition).columns)]))
}

const Defined = Type.Object({ columns: Type.Record(Type.String(), StoredColumn) })

/** Gives drops that were read again their new parts, and returns the ingested ones as they are then. */
export async function renewParts(
  transaction: Transaction,
  at: Date,
  run: string,
  ingested: readonly Drop[],
  outdated: readonly Drop[],
  readings: ReadonlyMap<string, DropReading>,
  columns: Columns,
): Promise<readonly Drop[]> {
  const before = new Map(outdated.map(({ id, part }) => [id, part]))
  const renewed: Drop[] = []
  for (const drop of ingested) {
    const reading = readings.get(drop.id)
    if (drop.part === undefined || reading === undefined || before.get(drop.id)?.sha256 !== drop.part.sha256) {
      renewed.push(drop)
      continue
    }
    // Also where it stays: it need not be tried again before the columns change once more.
    const part: Part = { ...(reading.accepted ? reading.part : drop.part), columns: { ...drop.part.columns, ...storedTypes(columns) } }
    await transaction.updateTable('drops').set({ part: JSON.stringify(part) }).where('id', '=', drop.id).execute()
    if (reading.accepted) {
      if (reading.profile !== undefined) await keepProfile(transaction, drop.id, reading.profile)
      const data = { drop: drop.id, key: drop.key, rows: part.rows, summary: 'read again, for the columns have changed' }
      await appendEvent(transaction, { at, actor: 'refit', kind: 'drop.ingested', model: drop.model, run, data })
    }
    renewed.push({ ...drop, part })
  }
  return renewed
}
