import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { chmod, copyFile, link, mkdir, open, readdir, realpath, rename, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { hashOfFile, isObjectKey } from '../key.js'

/**
 * Whoever was given a path may open it later, in another process. Stages that read objects by path end within an hour,
 * so what was not asked for in this time is used by nobody.
 */
const IN_USE_MS = 6 * 60 * 60_000

/** A file aside, whose content is known. */
export interface Incoming {
  readonly path: string
  readonly sha256: string
  readonly bytes: number
}

/** Copies of objects on local disk, by key; several processes may share it. */
export interface Cache {
  /** Path of a copy; undefined when there is none. It stays for hours from now. */
  find(key: string): Promise<string | undefined>
  /** Writes a stream aside. */
  receive(content: Readable): Promise<Incoming>
  /** Takes a file in aside, by a link where that is possible. */
  adopt(path: string): Promise<Incoming>
  /** Makes what was written aside the copy of an object, and returns its path; what was not used for long goes. */
  keep(incoming: Incoming, key: string): Promise<string>
  drop(incoming: Incoming): Promise<void>
  remove(key: string): Promise<void>
}

/** @param mostBytes what it may hold; what is in use may be more */
export function openCache(folder: string, mostBytes: number): Cache {
  const aside = join(folder, '.incoming')
  /** Counted so that not every object costs a look at all of them. */
  let unseen = Number.POSITIVE_INFINITY

  const path = (key: string): string => join(folder, ...key.split('/'))
  const asidePath = async (): Promise<string> => {
    await mkdir(aside, { recursive: true })
    return join(aside, randomUUID())
  }
  return {
    find: async (key) => {
      try {
        const now = new Date()
        await utimes(path(key), now, now)
        return path(key)
      } catch (error) {
        if (isGone(error)) return undefined
        throw error
      }
    },
    receive: async (content) => {
      const target = await asidePath()
      const hash = createHash('sha256')
      let bytes = 0
      try {
        await pipeline(
          content,
          async function* (chunks: AsyncIterable<Buffer | string>) {
            for await (const chunk of chunks) {
              hash.update(chunk)
              bytes += Buffer.byteLength(chunk)
              yield chunk
            }
          },
          createWriteStream(target),
        )
      } catch (error) {
        await rm(target, { force: true })
        throw error
      }
      return { path: target, sha256: hash.digest('hex'), bytes }
    },
    adopt: async (file) => {
      const target = await asidePath()
      try {
        // A link to a symbolic link would lead outside.
        await link(await realpath(file), target).catch(() => copyFile(file, target))
        const { size: bytes } = await stat(target)
        return { path: target, sha256: await hashOfFile(target), bytes }
      } catch (error) {
        await rm(target, { force: true })
        throw error
      }
    },
    keep: async (incoming, key) => {
      const target = path(key)
      await mkdir(dirname(target), { recursive: true })
      await sync(incoming.path)
      await chmod(incoming.path, 0o444)
      // A link has the time of the file that it leads to.
      const now = new Date()
      await utimes(incoming.path, now, now)
      await rename(incoming.path, target)
      unseen += incoming.bytes
      if (unseen >= mostBytes / 10) {
        unseen = 0
        await evict(folder, mostBytes)
      }
      return target
    },
    drop: (incoming) => rm(incoming.path, { force: true }),
    remove: (key) => rm(path(key), { force: true }),
  }
}

/** Removes the copies that were asked for least lately, until the rest is small enough; and what a crash has left aside. */
async function evict(folder: string, mostBytes: number): Promise<void> {
  const copies: { readonly path: string; readonly bytes: number; readonly used: number }[] = []
  const unusedSince = Date.now() - IN_USE_MS
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const present = await stat(path).catch(() => undefined)
    if (present === undefined) continue
    if (isObjectKey(relative(folder, path).split(sep).join('/'))) copies.push({ path, bytes: present.size, used: present.mtimeMs })
    else if (present.mtimeMs < unusedSince) await rm(path, { force: true })
  }
  let total = copies.reduce((sum, { bytes }) => sum + bytes, 0)
  for (const { path, bytes, used } of copies.toSorted((a, b) => a.used - b.used)) {
    if (total <= mostBytes || used >= unusedSince) return
    await rm(path, { force: true })
    total -= bytes
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}
