import type { Readable } from 'node:stream'
import { sql } from 'kysely'
import type { Database } from '../database/schema.js'
import type { ObjectStore } from '../objects/object-store.js'
import { below, checkArtifactPath, foldersAbove, splitPath, type ArtifactPath } from './artifact-path.js'
import { invalid, missing } from './refusals.js'

/** A file, or a folder, by its name in the folder above. */
export interface ArtifactEntry {
  readonly name: string
  /** Undefined: a folder. */
  readonly bytes: number | undefined
}

const PREFIX = 'artifacts'

/**
 * Stores a stream as the file at a path, in place of the one that may be there. Nothing of it can be seen before all of
 * it has arrived.
 * @throws RefitError `tracking-invalid` where a folder lies there, or a file where a folder must
 */
export async function putArtifact(database: Database, objects: ObjectStore, path: ArtifactPath, content: Readable): Promise<void> {
  if (path === '') throw invalid('Invalid path')
  const { key, bytes } = await objects.put(PREFIX, content)
  const above = foldersAbove(path).map(splitPath)
  const { folder, name } = splitPath(path)
  const { rows } = await sql`
    with above as (select * from unnest(${above.map((each) => each.folder)}::text[], ${above.map((each) => each.name)}::text[]) as above (folder, name)),
    blocked as (
      select from tracking.artifacts join above using (folder, name) where object is not null
      union all
      select from tracking.artifacts where folder = ${folder} and name = ${name} and object is null),
    folders as (
      insert into tracking.artifacts (folder, name) select folder, name from above where not exists (select from blocked)
      on conflict (folder, name) do nothing)
    insert into tracking.artifacts (folder, name, object, bytes) select ${folder}, ${name}, ${key}, ${bytes}::bigint where not exists (select from blocked)
    on conflict (folder, name) do update set object = excluded.object, bytes = excluded.bytes where artifacts.object is not null
    returning name`.execute(database)
  if (rows.length === 0) throw invalid(`There is a folder at '${path}', or a file where it needs a folder.`)
}

/** A file's content and size. @throws RefitError `tracking-missing`, `object-missing` */
export async function readArtifact(database: Database, objects: ObjectStore, path: ArtifactPath): Promise<{ readonly content: Readable; readonly bytes: number }> {
  const { folder, name } = splitPath(path)
  const { rows } = await sql<{ object: string; bytes: number }>`
    select object, bytes::float8 as bytes from tracking.artifacts where folder = ${folder} and name = ${name} and object is not null`.execute(database)
  const [found] = rows
  if (found === undefined) throw missing(`No such artifact: '${path}'`)
  return { content: await objects.read(found.object), bytes: found.bytes }
}

/** What lies in a folder, by name; nothing where there is no such folder. */
export async function listArtifacts(database: Database, folder: ArtifactPath): Promise<readonly ArtifactEntry[]> {
  const { rows } = await sql<{ name: string; bytes: number | null }>`
    select name, bytes::float8 as bytes from tracking.artifacts where folder = ${folder} order by name`.execute(database)
  return rows.map(({ name, bytes }) => ({ name, bytes: bytes ?? undefined }))
}

/** A file somewhere in a folder. */
export interface ArtifactFile {
  /** From the folder on. */
  readonly path: ArtifactPath
  /** In the object store. */
  readonly object: string
  readonly bytes: number
}

/** Every file in a folder and those below it, as many as are asked for. */
export async function artifactsBelow(database: Database, root: ArtifactPath, most: number): Promise<readonly ArtifactFile[]> {
  const { rows } = await sql<{ folder: string; name: string; object: string; bytes: number }>`
    select folder, name, object, bytes::float8 as bytes from tracking.artifacts
    where object is not null and (folder = ${root} or (folder >= ${`${root}/`} and folder < ${`${root}0`})) order by folder, name limit ${most}`.execute(database)
  return rows.map(({ folder, name, object, bytes }) => ({ path: below(checkArtifactPath(folder.slice(root.length + 1)), checkArtifactPath(name)), object, bytes }))
}

/** Removes a file, or a folder with all that is in it. @throws RefitError `tracking-missing` */
export async function deleteArtifacts(database: Database, path: ArtifactPath): Promise<void> {
  if (path === '') throw invalid('Invalid path')
  const { folder, name } = splitPath(path)
  // `0` is the character after the slash: what lies between them lies below the path.
  const { rows } = await sql`
    delete from tracking.artifacts
    where (folder = ${folder} and name = ${name}) or folder = ${path} or (folder >= ${`${path}/`} and folder < ${`${path}0`})
    returning name`.execute(database)
  if (rows.length === 0) throw missing(`No such artifact: '${path}'`)
}
