import { refitError } from '../errors.js'
import { MANIFEST_FILE } from './manifest.js'

export const MOST_FILES = 10_000
const LONGEST_PATH = 1024
const MOST_DECODINGS = 8

/**
 * Requires that every path stays within the package folder, also once decoded by whoever serves or unpacks it later,
 * and that no two of them can meet on a file system that ignores case.
 * @throws RefitError `package-corrupt`
 */
export function requireInnerPaths(paths: readonly string[]): void {
  if (paths.length > MOST_FILES) throw refitError('package-corrupt', { reason: `it names ${paths.length} files` })
  const taken = new Set<string>()
  for (const path of paths) {
    if (!isInnerPath(path)) throw refitError('package-corrupt', { reason: `it names a file outside itself (${JSON.stringify(path.slice(0, 200))})` })
    const name = path.normalize('NFC').toLowerCase()
    if (name === MANIFEST_FILE || taken.has(name)) throw refitError('package-corrupt', { reason: `it names the file ${path} twice` })
    taken.add(name)
  }
}

/** Whether a path stays within its folder, also once decoded. */
export function isInnerPath(path: string): boolean {
  if (path.length > LONGEST_PATH) return false
  let text = path
  // To a fixed point: `%252e%252e` is `..` to one who decodes twice.
  for (let round = 0; round < MOST_DECODINGS; round += 1) {
    if (!staysBelow(text)) return false
    const decoded = decode(text)
    if (decoded === text) return true
    text = decoded
  }
  return false
}

function staysBelow(path: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001F\\]/.test(path) || /^[a-zA-Z]:/.test(path)) return false
  return path.split('/').every((step) => step !== '' && step !== '.' && step !== '..')
}

function decode(text: string): string {
  return text.replaceAll(/%([0-9a-fA-F]{2})/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
}
