import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { extract } from 'tar-stream'
import { refitError, RefitError } from '../errors.js'
import { isInnerPath, MOST_FILES } from './inner-path.js'
import type { PackageFile } from './manifest.js'

/**
 * Unpacks a tar archive that somebody has sent into an empty folder: plain files only, each within the folder however its
 * name is decoded, and no more than `mostBytes` of them together. For use inside a child process.
 * @throws RefitError `upload-unfit`
 */
export async function extractArchive(archive: string, folder: string, mostBytes: number): Promise<readonly PackageFile[]> {
  const files: PackageFile[] = []
  const taken = new Set<string>()
  let total = 0
  const entries = extract()
  const reading = pipeline(createReadStream(archive), entries)
  // The content of an entry does not end where the archive breaks off within it.
  const broken = new Promise<never>((_, reject) => void reading.catch(reject))
  broken.catch(() => undefined)
  try {
    for await (const entry of entries) {
      const { name, type } = entry.header
      const path = name.replace(/^(\.\/)+/, '').replace(/\/+$/, '')
      if (type === 'directory' || path === '.') {
        entry.resume()
        continue
      }
      if (type !== 'file' && type !== 'contiguous-file') throw unfit(`${shown(name)} is no plain file`)
      if (!isInnerPath(path)) throw unfit(`it names a file outside itself (${shown(name)})`)
      const known = path.normalize('NFC').toLowerCase()
      if (taken.has(known)) throw unfit(`it names the file ${shown(path)} twice`)
      taken.add(known)
      if (taken.size > MOST_FILES) throw unfit(`it has more than ${MOST_FILES} files`)
      const file = join(folder, path)
      await mkdir(dirname(file), { recursive: true })
      const hash = createHash('sha256')
      let bytes = 0
      const counted = new Transform({
        transform: (chunk: Buffer, _encoding, done) => {
          bytes += chunk.length
          total += chunk.length
          hash.update(chunk)
          if (total > mostBytes) done(unfit(`it unpacks to more than ${mostBytes} bytes`))
          else done(null, chunk)
        },
      })
      await Promise.race([pipeline(entry, counted, createWriteStream(file, { flags: 'wx' })), broken])
      files.push({ path, sha256: hash.digest('hex'), bytes })
    }
    await reading
  } catch (error) {
    if (error instanceof RefitError) throw error
    throw unfit(`it cannot be unpacked as a tar archive (${error instanceof Error ? error.message : String(error)})`, error)
  } finally {
    entries.destroy()
  }
  if (files.length === 0) throw unfit('it holds no file')
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

function unfit(reason: string, cause?: unknown): RefitError {
  return refitError('upload-unfit', { reason }, { cause })
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 200))
}
