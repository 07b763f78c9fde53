import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'

/** One file that a manifest names. */
export interface ManifestEntry {
  /** As it is written there: a name beside the manifest or from the root of the source on, or an address. */
  readonly name: string
  readonly bytes?: number
  /** Lower-case hex. */
  readonly sha256?: string
  /** Whether the delivery is complete without it. */
  readonly optional: boolean
}

const Sha256 = Type.String({ pattern: '^[0-9a-fA-F]{64}$' })
const Bytes = Type.Integer({ minimum: 0 })
const NamedFile = Type.Object({
  key: Type.Optional(Type.String()),
  path: Type.Optional(Type.String()),
  url: Type.Optional(Type.String()),
  bytes: Type.Optional(Bytes),
  sha256: Type.Optional(Sha256),
})
const Files = Type.Array(Type.Union([Type.String(), NamedFile]))
/** What Redshift's UNLOAD leaves. */
const Entries = Type.Array(
  Type.Object({
    url: Type.String(),
    mandatory: Type.Optional(Type.Boolean()),
    meta: Type.Optional(Type.Object({ content_length: Type.Optional(Bytes) })),
  }),
)
const WithFiles = Type.Object({ files: Files })
const WithEntries = Type.Object({ entries: Entries })

/** A line of `sha256sum`, or a mere name. */
const hashed = /^([0-9a-f]{64}) [ *](.+)$/i

/** The files that a manifest names: JSON with `files` or `entries`, or a name a line. @throws Error saying what is wrong with it */
export function parseManifest(text: string): readonly ManifestEntry[] {
  const content = text.replace(/^\uFEFF/, '').trim()
  const entries = /^[[{]/.test(content) ? entriesOf(parseJson(content)) : content.split(/\r?\n/).flatMap(entryOfLine)
  if (entries.length === 0) throw new Error('it names no file')
  return entries
}

function parseJson(content: string): unknown {
  try {
    const value: unknown = JSON.parse(content)
    return value
  } catch (error) {
    throw new Error(`it is not whole JSON (${error instanceof Error ? error.message : String(error)})`, { cause: error })
  }
}

function entriesOf(document: unknown): readonly ManifestEntry[] {
  if (Value.Check(Files, document)) return document.map(entryOfFile)
  if (Value.Check(WithFiles, document)) return document.files.map(entryOfFile)
  if (!Value.Check(WithEntries, document)) throw new Error('it has neither `files` nor `entries` in the form that docs/sources.md shows')
  return document.entries.map(({ url, mandatory, meta }) => ({ name: url, optional: mandatory === false, ...(meta?.content_length === undefined ? {} : { bytes: meta.content_length }) }))
}

function entryOfFile(file: Static<typeof Files>[number]): ManifestEntry {
  if (typeof file === 'string') return { name: file, optional: false }
  const { key, path, url, bytes, sha256 } = file
  const name = key ?? path ?? url
  if (name === undefined) throw new Error('a file of it has neither `key` nor `path` nor `url`')
  return { name, optional: false, ...(bytes === undefined ? {} : { bytes }), ...(sha256 === undefined ? {} : { sha256: sha256.toLowerCase() }) }
}

function entryOfLine(line: string): readonly ManifestEntry[] {
  const written = line.trim()
  if (written === '' || written.startsWith('#')) return []
  const [, sha256, name = written] = hashed.exec(written) ?? []
  return [{ name, optional: false, ...(sha256 === undefined ? {} : { sha256: sha256.toLowerCase() }) }]
}
