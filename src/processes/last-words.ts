import { open } from 'node:fs/promises'

const LAST_BYTES = 8192
/** Node.js says what is wrong before it tells where, and ends with its own version. */
const saysNothing = /^\s*$|^\s+at |^Node\.js v/

/**
 * The end of a log, in one line of `most` characters: what a failing program usually says last. Lines of ours may stand in it
 * (`ours`), and what others have said before it (`from` so many bytes on).
 */
export async function lastWords(logFile: string, { from = 0, ours, most = 500 }: { readonly from?: number; readonly ours?: RegExp; readonly most?: number } = {}): Promise<string> {
  const text = await endOf(logFile, from).catch(() => '')
  const lines = text.split('\n').filter((line) => !saysNothing.test(line) && ours?.test(line) !== true)
  return lines.slice(-3).join(' | ').slice(-most) || 'it printed nothing'
}

/** A log may be larger than memory. */
async function endOf(file: string, from: number): Promise<string> {
  const handle = await open(file)
  try {
    const { size } = await handle.stat()
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(LAST_BYTES), 0, LAST_BYTES, Math.max(from, size - LAST_BYTES))
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await handle.close()
  }
}
