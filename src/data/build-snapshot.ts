import { digestOf } from '../define/canonical-json.js'
import type { StoredColumn, StoredWindow } from '../define/stored-definition.js'
import type { Part, Snapshot } from './snapshot.js'

/** Fixes parts, columns and window as a snapshot. Which drop a part came from does not change its digest. */
export function buildSnapshot(parts: readonly Part[], columns: Readonly<Record<string, StoredColumn>>, window: StoredWindow): Snapshot {
  const digest = digestOf({ parts: parts.map(({ sha256 }) => sha256), columns, window })
  return { formatVersion: 1, digest, parts: [...parts], columns: { ...columns }, window }
}
