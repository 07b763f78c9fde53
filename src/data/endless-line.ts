import { open } from 'node:fs/promises'

/** DuckDB reads a file in pieces of 32 MB. */
const BLOCK_BYTES = 8 * 1024 ** 2
const PEEK_BYTES = 64 * 1024

/**
 * Where a line is that is longer than a piece that DuckDB reads at once, which is far too long: the byte from which on there
 * is no end of one. Such a line at the end of a file, DuckDB leaves out in silence
 * (https://github.com/duckdb/duckdb/issues/25825). Hardly any of the file is read for it: that each block has the end of
 * some line is mostly seen at its beginning.
 */
export async function endlessLine(path: string): Promise<number | undefined> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const piece = Buffer.alloc(PEEK_BYTES)
    for (let block = 0; block + BLOCK_BYTES <= size; block += BLOCK_BYTES) {
      let hasEnd = false
      for (let at = block; at < block + BLOCK_BYTES && !hasEnd; at += PEEK_BYTES) {
        const { bytesRead } = await file.read(piece, 0, PEEK_BYTES, at)
        const found = piece.subarray(0, bytesRead)
        hasEnd = found.includes(0x0a) || found.includes(0x0d)
      }
      if (!hasEnd) return block
    }
    return undefined
  } finally {
    await file.close()
  }
}
