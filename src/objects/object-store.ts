import type { Readable } from 'node:stream'

/** What was stored. */
export interface StoredObject {
  readonly key: string
  readonly sha256: string
  readonly bytes: number
}

/**
 * Immutable objects by key: raw drops, parts and the files of packages, all named by the SHA-256 of their content
 * (`raw/<sha256>`, `parts/<sha256>.parquet`, `files/<sha256>`, `manifests/<sha256>.json`).
 * An object is visible whole or not at all.
 */
export interface ObjectStore {
  /** Stores a stream below `prefix` under the hash of its content; storing the same content again is harmless. */
  put(prefix: string, content: Readable, ending?: string): Promise<StoredObject>
  /** Like `put`, for a local file, which may be moved into the store. */
  putFile(prefix: string, path: string, ending?: string): Promise<StoredObject>
  has(key: string): Promise<boolean>
  /** @throws RefitError `object-missing` */
  read(key: string): Promise<Readable>
  /** A local path with the object's content, read-only. @throws RefitError `object-missing` */
  localPath(key: string): Promise<string>
  list(prefix: string): AsyncIterable<{ readonly key: string; readonly bytes: number; readonly modified: Date }>
  remove(key: string): Promise<void>
}
