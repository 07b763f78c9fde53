import { digestOf } from '../define/canonical-json.js'
import type { StoredColumn, StoredDelivery, StoredWindow } from '../define/stored-definition.js'
import type { Part, Snapshot } from './snapshot.js'

/**
 * Fixes parts, columns, window and delivery as a snapshot. Which drop a part came from does not change its digest;
 * neither does a delivery that makes nothing else of the parts than all their rows.
 */
export function buildSnapshot(parts: readonly Part[], columns: Readonly<Record<string, StoredColumn>>, window: StoredWindow, delivery?: StoredDelivery): Snapshot {
  const merging = delivery?.kind === 'upsert' ? { delivery } : {}
  const digest = digestOf({ parts: parts.map(({ sha256 }) => sha256), columns, window, ...merging })
  const bare = parts.map(({ columns: _columns, ...part }) => part)
  return { formatVersion: 1, digest, parts: bare, columns: { ...columns }, window, ...merging }
}
