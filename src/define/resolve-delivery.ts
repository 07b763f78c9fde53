import type { Static } from 'typebox'
import { unfitName } from './column.js'
import { StoredDelivery, type StoredColumn } from './stored-definition.js'

/** What a drop means beside the former ones, as it leaves the project file. */
export const WrittenDelivery = StoredDelivery
export type WrittenDelivery = Static<typeof WrittenDelivery>

/** The columns with the one that tells deleted rows, which need not be named among them: drops have it, models do not. */
export function withDeleted(columns: Record<string, StoredColumn>, written: WrittenDelivery | undefined): Record<string, StoredColumn> {
  if (written?.kind !== 'upsert' || written.deleted === undefined || Object.hasOwn(columns, written.deleted)) return columns
  return { ...columns, [written.deleted]: { type: 'text', role: 'ignored', optional: false } }
}

/** Absent for `append()`, so that a definition from before there were others stays what it was. */
export function resolveDelivery(
  written: WrittenDelivery | undefined,
  columns: Readonly<Record<string, StoredColumn>>,
  fault: (where: string, message: string) => void,
): StoredDelivery | undefined {
  if (written === undefined || written.kind === 'append') return undefined
  if (written.kind === 'replace') return written
  const key = Object.values(columns).find(({ role }) => role === 'key')
  if (key === undefined) fault('delivery', 'upsert needs a key column: column.key()')
  else if (key.optional) fault('delivery', 'the key column of an upsert cannot be optional')
  if (written.deleted === undefined) return written
  const unfit = unfitName(written.deleted)
  if (unfit !== undefined) fault('delivery.deleted', unfit)
  if (columns[written.deleted]?.role !== 'ignored') fault('delivery.deleted', `column ${written.deleted} tells which rows are deleted; it can only be column.ignored(), or left out of the columns`)
  return written
}
