import { open } from 'node:fs/promises'

/** How a drop's bytes are to be read. */
export interface DropFormat {
  readonly kind: 'csv' | 'json' | 'parquet'
  readonly compression: 'none' | 'gzip' | 'zstd'
}

/** Recognises a drop by its first bytes, and by its name where they leave a choice. */
export async function recogniseFormat(path: string, key: string): Promise<DropFormat> {
  const start = await firstBytes(path, 64)
  const compression = start.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b]))
    ? 'gzip'
    : start.subarray(0, 4).equals(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]))
      ? 'zstd'
      : 'none'
  if (start.subarray(0, 4).toString('latin1') === 'PAR1') return { kind: 'parquet', compression }
  const ending = /\.(csv|tsv|txt|json|ndjson|jsonl|parquet)(\.gz|\.zst)?$/i.exec(key)?.[1]?.toLowerCase()
  const isJson = ending === 'json' || ending === 'ndjson' || ending === 'jsonl' || (ending === undefined && /^\s*[[{]/.test(start.toString('utf8')))
  return { kind: ending === 'parquet' ? 'parquet' : isJson ? 'json' : 'csv', compression }
}

async function firstBytes(path: string, count: number): Promise<Buffer> {
  const handle = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}
