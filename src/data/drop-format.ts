import { open } from 'node:fs/promises'
import type { Encoding } from '../define/stored-definition.js'
import { FileFault } from './file-fault.js'

/** How a drop's bytes are to be read. */
export interface DropFormat {
  readonly kind: 'csv' | 'json' | 'parquet'
  readonly compression: 'none' | 'gzip' | 'zstd'
}

/** How files begin that people send by mistake, or that are called .csv by whatever made them; at byte 0 unless said. */
const others: readonly { readonly hex: string; readonly at?: number; readonly what: string }[] = [
  { hex: '504b0304', what: 'an Excel workbook or another zip archive' },
  { hex: 'd0cf11e0', what: 'an old Excel workbook' },
  { hex: '25504446', what: 'a PDF document' },
  { hex: '8002', what: 'a Python pickle' },
  { hex: '8003', what: 'a Python pickle' },
  { hex: '8004', what: 'a Python pickle' },
  { hex: '8005', what: 'a Python pickle' },
  { hex: '425a6839', what: 'compressed by bzip2' },
  { hex: 'fd377a585a', what: 'compressed by xz' },
  { hex: '377abcaf', what: 'a 7-Zip archive' },
  { hex: '04224d18', what: 'compressed by lz4' },
  { hex: '7573746172', at: 257, what: 'a tar archive' },
  { hex: '4f524311', what: 'an ORC file' },
  { hex: '4f626a01', what: 'an Avro file' },
  { hex: '4152524f5731', what: 'an Arrow file' },
  { hex: '894844460d0a', what: 'an HDF5 file' },
  { hex: '934e554d5059', what: 'a NumPy array' },
  { hex: '53514c69746520666f726d6174', what: 'an SQLite database' },
]
const PAGE = /^\s*<(!doctype|html|\?xml|!--|error|head|body|workbook)\b/i

function otherFormat(start: Buffer): string | undefined {
  const found = others.find(({ hex, at = 0 }) => start.subarray(at, at + hex.length / 2).toString('hex') === hex)
  return found?.what ?? (PAGE.test(start.toString('utf8').replace(/^\uFEFF/, '')) ? 'a web page or XML' : undefined)
}

/**
 * Recognises a drop by its first bytes, and by its name where they leave a choice.
 * @throws FileFault for what is neither CSV nor JSON nor Parquet
 */
export async function recogniseFormat(path: string, key: string): Promise<DropFormat> {
  const start = await firstBytes(path, 512)
  const compression = start.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b]))
    ? 'gzip'
    : start.subarray(0, 4).equals(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]))
      ? 'zstd'
      : 'none'
  if (start.subarray(0, 4).toString('latin1') === 'PAR1') return { kind: 'parquet', compression }
  const other = otherFormat(start)
  if (other !== undefined) throw new FileFault({ code: 'other-format', message: `The file is ${other}; export the table as CSV, JSON or Parquet.` })
  const ending = /\.(csv|tsv|txt|json|ndjson|jsonl|parquet)(\.gz|\.zst)?$/i.exec(key)?.[1]?.toLowerCase()
  const isJson = ending === 'json' || ending === 'ndjson' || ending === 'jsonl' || (ending === undefined && /^\s*[[{]/.test(start.toString('utf8')))
  return { kind: ending === 'parquet' ? 'parquet' : isJson ? 'json' : 'csv', compression }
}

/** The encoding that the mark at the beginning of a text tells. */
export function encodingByMark(start: Buffer): Encoding | undefined {
  if (start.length >= 2 && start.readUInt16BE(0) === 0xfffe) return 'utf-16le'
  return start.length >= 2 && start.readUInt16BE(0) === 0xfeff ? 'utf-16be' : undefined
}

/** The encoding that the first letters look like: every other byte of them is zero. */
export function encodingByZeros(start: Buffer): Encoding | undefined {
  if (start.length < 8) return undefined
  const isZero = (rest: number): boolean => start.subarray(0, 8).every((byte, index) => (byte === 0) === (index % 2 === rest))
  return isZero(1) ? 'utf-16le' : isZero(0) ? 'utf-16be' : undefined
}

export async function firstBytes(path: string, count: number): Promise<Buffer> {
  const handle = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}
