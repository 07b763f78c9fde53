import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { refitError } from '../errors.js'

const KEY = /^[a-z]+\/([0-9a-f]{64})(?:\.[a-z]+)?$/

/** Whether a text could name an object. */
export function isObjectKey(key: string): boolean {
  return KEY.test(key)
}

/** The hash, in hexadecimal digits, that the content of an object must have. @throws RefitError `object-missing` for a key that could never name one */
export function hashInKey(key: string): string {
  const hash = KEY.exec(key)?.[1]
  if (hash === undefined) throw refitError('object-missing', { key })
  return hash
}

/** The key of content. @throws RefitError `object-missing` for a prefix or an ending that leads elsewhere */
export function objectKey(prefix: string, sha256: string, ending: string): string {
  const key = `${prefix}/${sha256}${ending}`
  hashInKey(key)
  return key
}

/** Hash of a file's content, in hexadecimal digits. */
export async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
