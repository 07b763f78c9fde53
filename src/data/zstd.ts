import { open, type FileHandle } from 'node:fs/promises'

/**
 * Whether a zstd file ends where its last frame does (RFC 8878, section 3): walks over the blocks without
 * decompressing them.
 */
export async function isZstdComplete(path: string): Promise<boolean> {
  const handle = await open(path, 'r')
  try {
    const { size } = await handle.stat()
    let position = 0
    while (position < size) {
      const next = await endOfFrame(handle, position)
      if (next === undefined || next > size) return false
      position = next
    }
    return position > 0
  } finally {
    await handle.close()
  }
}

async function endOfFrame(handle: FileHandle, start: number): Promise<number | undefined> {
  const head = await bytesAt(handle, start, 8)
  const magic = head?.readUInt32LE(0) ?? 0
  if (head !== undefined && magic >= 0x184d2a50 && magic <= 0x184d2a5f) return start + 8 + head.readUInt32LE(4)
  if (head === undefined || magic !== 0xfd2fb528) return undefined
  const descriptor = head.readUInt8(4)
  const isSingleSegment = (descriptor & 0x20) !== 0
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0
  const contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0
  let position = start + 5 + (isSingleSegment ? 0 : 1) + dictionary + contentSize
  for (;;) {
    const header = (await bytesAt(handle, position, 3))?.readUIntLE(0, 3)
    if (header === undefined) return undefined
    const isRepeatedByte = ((header >> 1) & 3) === 1
    position += 3 + (isRepeatedByte ? 1 : header >> 3)
    if ((header & 1) === 1) return position + ((descriptor & 4) === 0 ? 0 : 4)
  }
}

async function bytesAt(handle: FileHandle, position: number, length: number): Promise<Buffer | undefined> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position)
  return bytesRead === length ? buffer : undefined
}
