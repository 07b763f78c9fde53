import type { Readable } from 'node:stream'

/** What was stored. */
export interface StoredObject {
  readonly key: string
  readonly sha256: string
  readonly bytes: number
  /** What the store calls this very state of the object, where it keeps former ones: the version id of S3. */
  readonly version?: string
}

/**
 * Immutable objects by key: raw drops, parts and the files of packages, all named by the SHA-256 of their content
 * (`raw/<sha256>`, `parts/<sha256>.parquet`, `files/<sha256>`, `manifests/<sha256>.json`).
 * An object is visible whole or not at all. What is read is compared with its name.
 */
export interface ObjectStore {
  /** Stores a stream below `prefix` under the hash of its content; storing the same content again is harmless. */
  put(prefix: string, content: Readable, ending?: string): Promise<StoredObject>
  /** Like `put`, for a local file, which may be moved into the store. */
  putFile(prefix: string, path: string, ending?: string): Promise<StoredObject>
  has(key: string): Promise<boolean>
  /** Fails, at the latest at the end, with RefitError `object-damaged`. @throws RefitError `object-missing`, `object-damaged` */
  read(key: string): Promise<Readable>
  /**
   * A local path with the object's content, read-only, which stays for hours. What lies on local disk already is compared
   * once, and again when something has touched it.
   * @throws RefitError `object-missing`, `object-damaged`
   */
  localPath(key: string): Promise<string>
  list(prefix: string): AsyncIterable<{ readonly key: string; readonly bytes: number; readonly modified: Date }>
  remove(key: string): Promise<void>
}
