import { open, type FileHandle } from 'node:fs/promises'

/** What a block may hold at most. */
const LARGEST_BLOCK = 128 * 1024
const PIECE_BYTES = 16 * 1024

/** Bytes of a file; undefined where it ends before them. They are gone with the next call. */
type BytesAt = (position: number, length: number) => Promise<Buffer | undefined>

/**
 * Walks over the blocks of a zstd file without decompressing them (RFC 8878, section 3). Returns how many bytes they hold
 * at most, or undefined when the file does not end where its last frame does.
 */
export async function endOfZstd(path: string): Promise<number | undefined> {
  const handle = await open(path, 'r')
  try {
    const { size } = await handle.stat()
    const bytesAt = pieces(handle)
    let position = 0
    let plainBytes = 0
    while (position < size) {
      const frame = await frameAt(bytesAt, position)
      if (frame === undefined || frame.end > size) return undefined
      position = frame.end
      plainBytes += frame.plainBytes
    }
    return position > 0 ? plainBytes : undefined
  } finally {
    await handle.close()
  }
}

async function frameAt(bytesAt: BytesAt, start: number): Promise<{ readonly end: number; readonly plainBytes: number } | undefined> {
  const head = await bytesAt(start, 8)
  const magic = head?.readUInt32LE(0) ?? 0
  if (head !== undefined && magic >= 0x184d2a50 && magic <= 0x184d2a5f) return { end: start + 8 + head.readUInt32LE(4), plainBytes: 0 }
  if (head === undefined || magic !== 0xfd2fb528) return undefined
  const descriptor = head.readUInt8(4)
  const isSingleSegment = (descriptor & 0x20) !== 0
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0
  const contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0
  let position = start + 5 + (isSingleSegment ? 0 : 1) + dictionary + contentSize
  let plainBytes = 0
  for (;;) {
    const header = (await bytesAt(position, 3))?.readUIntLE(0, 3)
    if (header === undefined) return undefined
    const kind = (header >> 1) & 3
    const isRepeatedByte = kind === 1
    position += 3 + (isRepeatedByte ? 1 : header >> 3)
    plainBytes += kind === 2 ? LARGEST_BLOCK : header >> 3
    if ((header & 1) === 1) return { end: position + ((descriptor & 4) === 0 ? 0 : 4), plainBytes }
  }
}

/** Reads single bytes of a file, from a piece of it at a time. */
function pieces(handle: FileHandle): BytesAt {
  const piece = Buffer.alloc(PIECE_BYTES)
  let start = 0
  let end = 0
  return async (position, length) => {
    if (position < start || position + length > end) {
      const { bytesRead } = await handle.read(piece, 0, PIECE_BYTES, position)
      start = position
      end = position + bytesRead
    }
    return position + length <= end ? piece.subarray(position - start, position - start + length) : undefined
  }
}
