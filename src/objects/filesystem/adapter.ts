import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, copyFile, link, mkdir, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { Transform, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { refitError } from '../../errors.js'
import { compareOnce } from '../compared.js'
import { hashInKey, hashOfFile, isObjectKey, objectKey } from '../key.js'
import type { ObjectStore, StoredObject } from '../object-store.js'

/** Objects as files below a folder. Content is written aside, synced, and appears by rename. */
export function filesystemObjects(root: string): ObjectStore {
  const temporaryFolder = join(root, '.incoming')
  const comparing = compareOnce({ keepsTime: true })

  const temporaryPath = async (): Promise<string> => {
    await mkdir(temporaryFolder, { recursive: true })
    return join(temporaryFolder, randomUUID())
  }

  /** Puts a finished temporary file in its place. */
  const publish = async (temporary: string, prefix: string, sha256: string, ending: string): Promise<StoredObject> => {
    const key = objectKey(prefix, sha256, ending)
    const path = pathOf(root, key)
    const { size: bytes } = await stat(temporary)
    // One of another size or content was damaged, and is replaced.
    if ((await sizeOf(path)) === bytes && (await comparing.isSound(path, sha256))) {
      await rm(temporary, { force: true })
      return { key, sha256, bytes }
    }
    await sync(temporary)
    await chmod(temporary, 0o444)
    const isNewFolder = (await mkdir(dirname(path), { recursive: true })) !== undefined
    await rename(temporary, path)
    await sync(dirname(path))
    await comparing.wrote(path)
    // A new folder is as good as its entry in the one above.
    if (isNewFolder) for (const above of [root, dirname(root)]) await sync(above)
    return { key, sha256, bytes }
  }

  return {
    put: async (prefix, content, ending = '') => {
      const temporary = await temporaryPath()
      try {
        const sha256 = await copyWithHash(content, temporary)
        return await publish(temporary, prefix, sha256, ending)
      } finally {
        await rm(temporary, { force: true })
      }
    },
    putFile: async (prefix, path, ending = '') => {
      const sha256 = await hashOfFile(path)
      const temporary = await temporaryPath()
      try {
        // A link costs nothing; across file systems there is only the copy. A link to a symbolic link would lead outside.
        await link(await realpath(path), temporary).catch(() => copyFile(path, temporary))
        return await publish(temporary, prefix, sha256, ending)
      } finally {
        await rm(temporary, { force: true })
      }
    },
    has: async (key) => isObjectKey(key) && (await sizeOf(pathOf(root, key))) !== undefined,
    read: async (key) => compared(key, createReadStream(await present(root, key))),
    localPath: async (key) => {
      const path = await present(root, key)
      if (!(await comparing.isSound(path, hashInKey(key)))) throw refitError('object-damaged', { key, reason: 'its content has another hash' })
      return path
    },
    list: (prefix) => list(root, prefix),
    remove: async (key) => {
      await rm(pathOf(root, key), { force: true })
    },
  }
}

/** @throws RefitError `object-missing` also for a key that could never name an object */
function pathOf(root: string, key: string): string {
  hashInKey(key)
  return join(root, ...key.split('/'))
}

async function present(root: string, key: string): Promise<string> {
  const path = pathOf(root, key)
  if ((await sizeOf(path)) === undefined) throw refitError('object-missing', { key })
  return path
}

/** What is read, which ends with an error if it is not what the key says. */
function compared(key: string, content: Readable): Readable {
  const hash = createHash('sha256')
  const comparing = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      hash.update(chunk)
      done(null, chunk)
    },
    flush: (done) => {
      done(hash.digest('hex') === hashInKey(key) ? null : refitError('object-damaged', { key, reason: 'its content has another hash' }))
    },
  })
  // What goes wrong shows in the stream that is returned; whoever lets go of it closes the file.
  pipeline(content, comparing).catch(() => undefined)
  return comparing
}

/** Undefined when there is no such file. */
async function sizeOf(path: string): Promise<number | undefined> {
  return (await unlessGone(stat(path)))?.size
}

async function copyWithHash(content: Readable, path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(
    content,
    async function* (chunks: AsyncIterable<Buffer | string>) {
      for await (const chunk of chunks) {
        hash.update(chunk)
        yield chunk
      }
    },
    createWriteStream(path),
  )
  return hash.digest('hex')
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function* list(root: string, prefix: string): AsyncIterable<{ key: string; bytes: number; modified: Date }> {
  for (const entry of (await unlessGone(readdir(root, { recursive: true, withFileTypes: true }))) ?? []) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const key = relative(root, path).split(sep).join('/')
    if (!key.startsWith(prefix) || !isObjectKey(key)) continue
    const present = await unlessGone(stat(path))
    if (present !== undefined) yield { key, bytes: present.size, modified: present.mtime }
  }
}

/** The first object may not have come yet, and one may be removed during a listing; anything else that fails is told. */
async function unlessGone<T>(looking: Promise<T>): Promise<T | undefined> {
  return looking.catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  })
}
