import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Transform, type Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { Encoding } from '../define/stored-definition.js'
import { encodingByMark, encodingByZeros, firstBytes, recogniseFormat, type DropFormat } from './drop-format.js'
import { FileFault } from './file-fault.js'
import { endOfZstd } from './zstd.js'

export interface ReadableFile {
  readonly path: string
  readonly format: DropFormat
}

export interface PlainCopyRequest {
  readonly path: string
  /** The name it arrived under. */
  readonly key: string
  /** As declared. */
  readonly encoding: Encoding | undefined
  readonly scratchFile: string
}

/** Exports of tables shrink 5 to 30 times; a gzip bomb by up to 1,032, a zstd bomb by 7,000 and more. */
const LARGEST_EXPANSION = { gzip: 200, zstd: 2000 }
const ALWAYS_ALLOWED_BYTES = 256 * 1024 ** 2

/**
 * The file as DuckDB can be trusted with it. DuckDB takes the end of a compressed file that was cut off for the end of its
 * rows, so gzip is decompressed to a copy, and zstd is looked through; text in another encoding is copied as UTF-8.
 * @throws FileFault when it is damaged, or holds far more than its size tells
 */
export async function plainCopy(file: PlainCopyRequest): Promise<ReadableFile> {
  const format = await recogniseFormat(file.path, file.key)
  const given = { path: file.path, format }
  switch (format.compression) {
    case 'none': {
      if (format.kind === 'parquet') return given
      const start = await firstBytes(file.path, 64)
      const encoding = encodingByMark(start) ?? file.encoding ?? 'utf-8'
      const suspicion = file.encoding === undefined ? encodingByZeros(start) : undefined
      if (encoding === 'utf-8' && suspicion !== undefined) {
        throw new FileFault({ code: 'wrong-encoding', message: `The file looks like UTF-16 without its mark; declare format: { encoding: '${suspicion}' } if it is.` })
      }
      if (encoding === 'utf-8' || (isSingleByte(encoding) && (await isUtf8(createReadStream(file.path))))) return given
      return copy(file, [toUtf8(file.encoding)])
    }
    case 'zstd':
      await refuseBrokenZstd(file.path)
      if (format.kind !== 'parquet' && file.encoding !== undefined && file.encoding !== 'utf-8') {
        throw new FileFault({ code: 'wrong-encoding', message: `A zstd file must hold UTF-8, not ${file.encoding}; send it as gzip, or uncompressed.` })
      }
      return given
    case 'gzip': {
      const most = Math.max(ALWAYS_ALLOWED_BYTES, (await stat(file.path)).size * LARGEST_EXPANSION.gzip)
      if (format.kind === 'parquet') return copy(file, [createGunzip(), atMost(most)])
      const isPlain = isSingleByte(file.encoding) && (await isUtf8(createReadStream(file.path).pipe(createGunzip())))
      return copy(file, [createGunzip(), atMost(most), toUtf8(isPlain ? 'utf-8' : file.encoding)])
    }
  }
}

async function copy(file: PlainCopyRequest, through: readonly Duplex[]): Promise<ReadableFile> {
  await pipeline([createReadStream(file.path), ...through, createWriteStream(file.scratchFile)]).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))) throw error
    throw new FileFault({ code: 'damaged', message: `The gzip file is cut off or damaged (${error.message}); send it again.` })
  })
  // What was inside has a beginning of its own.
  return { path: file.scratchFile, format: await recogniseFormat(file.scratchFile, file.key.replace(/\.gz$/i, '')) }
}

async function refuseBrokenZstd(path: string): Promise<void> {
  const { size } = await stat(path)
  const plainBytes = await endOfZstd(path)
  if (plainBytes === undefined) throw new FileFault({ code: 'damaged', message: 'The zstd file is cut off or damaged; send it again.' })
  if (plainBytes > Math.max(ALWAYS_ALLOWED_BYTES, size * LARGEST_EXPANSION.zstd)) throw expanding('zstd')
}

/** Ends what would fill the disk. */
function atMost(bytes: number): Transform {
  let seen = 0
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      seen += chunk.length
      if (seen <= bytes) done(null, chunk)
      else done(expanding('gzip'))
    },
  })
}

function expanding(format: keyof typeof LARGEST_EXPANSION): FileFault {
  return new FileFault({ code: 'damaged', message: `The ${format} file holds more than ${LARGEST_EXPANSION[format].toLocaleString('en-US')} times its size; send it uncompressed if that is right.` })
}

/** Encodings in which every sequence of bytes is a text, also one that was meant as UTF-8. */
function isSingleByte(encoding: Encoding | undefined): boolean {
  return encoding === 'latin-1' || encoding === 'windows-1252'
}

/**
 * Whether all of it is UTF-8. Text of a single-byte encoding with anything beyond ASCII practically never is, so that a
 * sender may change over to UTF-8 without its umlauts becoming two letters each. What breaks off is told by whoever reads it.
 */
async function isUtf8(content: AsyncIterable<Buffer>): Promise<boolean> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for await (const chunk of content) decoder.decode(chunk, { stream: true })
    decoder.decode()
    return true
  } catch {
    return false
  }
}

/** Text of any encoding as UTF-8. A mark at its beginning goes before what is declared. */
function toUtf8(declared: Encoding | undefined): Transform {
  let decode: ((chunk?: Buffer) => string | Buffer) | undefined
  let bytes = 0
  const decoded = (chunk: Buffer | undefined): string | Buffer => {
    decode ??= decoderOf((chunk === undefined ? undefined : encodingByMark(chunk)) ?? declared ?? 'utf-8')
    try {
      return decode(chunk)
    } catch (error) {
      throw new FileFault({ code: 'wrong-encoding', message: `The file is not valid ${declared ?? 'UTF-16'} from about byte ${bytes.toLocaleString('en-US')} on.` }, { cause: error })
    } finally {
      bytes += chunk?.length ?? 0
    }
  }
  const step = (chunk: Buffer | undefined, done: (error: Error | null, data?: string | Buffer) => void): void => {
    let data: string | Buffer
    try {
      data = decoded(chunk)
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)))
      return
    }
    done(null, data)
  }
  return new Transform({ transform: (chunk: Buffer, _encoding, done) => step(chunk, done), flush: (done) => step(undefined, done) })
}

function decoderOf(encoding: Encoding): (chunk?: Buffer) => string | Buffer {
  // UTF-8 is checked by whoever reads the rows, who can name the row.
  if (encoding === 'utf-8') return (chunk) => chunk ?? ''
  // TextDecoder takes latin-1 for windows-1252.
  if (encoding === 'latin-1') return (chunk) => chunk?.toString('latin1') ?? ''
  const decoder = new TextDecoder(encoding, { fatal: true })
  return (chunk) => decoder.decode(chunk, { stream: chunk !== undefined })
}
