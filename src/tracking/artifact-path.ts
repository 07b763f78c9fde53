import { invalid } from './refusals.js'

/** A checked path of an artifact: names joined by single slashes; empty for the root. */
export type ArtifactPath = string & { readonly checked: unique symbol }

/** The longest key of an object in S3, and of an entry of an index. */
const LONGEST_PATH_BYTES = 1024
const LONGEST_NAME_BYTES = 255
/** Nobody encodes a path more often without meaning harm. */
const MOST_ROUNDS = 10

/**
 * Takes a path that came decoded once. Nothing here becomes a path of a file system, but clients join it to folders of
 * their own: what could lead out of them, on any system and after any number of further decodings, is refused.
 * @throws RefitError `tracking-invalid`
 */
export function checkArtifactPath(path: string): ArtifactPath {
  let text = path
  for (let round = 0; ; round += 1) {
    if (isHostile(text) || round > MOST_ROUNDS) throw invalid('Invalid path')
    const decoded = decodeOnce(text)
    if (decoded === text) break
    text = decoded
  }
  const names = path.split('/').filter((name) => name !== '' && name !== '.')
  const whole = names.join('/')
  if (Buffer.byteLength(whole) > LONGEST_PATH_BYTES || names.some((name) => Buffer.byteLength(name) > LONGEST_NAME_BYTES)) throw invalid('Invalid path')
  return checked(whole)
}

/** A path below another one. */
export function below(folder: ArtifactPath, path: ArtifactPath): ArtifactPath {
  if (folder === '' || path === '') return checked(`${folder}${path}`)
  return checked(`${folder}/${path}`)
}

/** The folder that a path lies in, and its name there. */
export function splitPath(path: ArtifactPath): { readonly folder: ArtifactPath; readonly name: string } {
  const slash = path.lastIndexOf('/')
  return { folder: checked(path.slice(0, Math.max(slash, 0))), name: path.slice(slash + 1) }
}

/** The folders above a path, the outermost first. */
export function foldersAbove(path: ArtifactPath): readonly ArtifactPath[] {
  const names = path.split('/').slice(0, -1)
  return names.map((_, index) => checked(names.slice(0, index + 1).join('/')))
}

/** Where a URI of ours points; undefined for any other store. */
export function pathInStore(uri: string): ArtifactPath | undefined {
  const match = /^mlflow-artifacts:(?:\/\/[^/]*)?\/(.*)$/s.exec(uri)
  return match === null ? undefined : checkArtifactPath(match[1] ?? '')
}

/** What is left when nothing more can be decoded. */
export function decodedFully(text: string): string {
  let decoded = text
  for (let round = 0; round < MOST_ROUNDS; round += 1) decoded = decodeOnce(decoded)
  return decoded
}

function isHostile(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what is refused
  if (/[\\#\u0000-\u001f\u007f-\u009f\ud800-\udfff]/u.test(text)) return true
  if (text.startsWith('/') || /^[a-z][\w+.-]*:\//i.test(text)) return true
  // Names of dots and spaces are all `..` to some system, and a drive letter leads to another disk wherever it stands.
  return text.split('/').some((name) => /^[. ]{2,}$/.test(name) || /^[a-z]:/i.test(name))
}

/** Decodes as leniently as anything could: whatever stands for a character, beside what stands for nothing. */
function decodeOnce(text: string): string {
  return text.replaceAll(/(?:%[\da-f]{2})+/gi, (encoded) => Buffer.from(encoded.replaceAll('%', ''), 'hex').toString())
}

function checked(path: string): ArtifactPath {
  // eslint-disable-next-line typescript/no-unsafe-type-assertion -- the one place that makes such paths
  return path as ArtifactPath
}
