import { Readable } from 'node:stream'
import type { Delivery } from './notifier.js'
import { oneLine } from './one-line.js'

/** Longest time that a receiver has to answer, milliseconds. */
export const LONGEST_POST_MS = 15_000
const MOST_ANSWER_BYTES = 2000

/** Refusals that somebody can mend at the receiver, or that time mends; with any other 4xx the same message would be refused again. */
const PASSING = new Set([401, 403, 404, 408, 409, 421, 423, 425, 429])

/** Posts JSON to a receiver. Redirects are not followed: they would take what is sent elsewhere. */
export async function postJson(address: string, headers: Readonly<Record<string, string>>, body: string, signal: AbortSignal): Promise<Delivery> {
  if (!isHttp(address)) return { kind: 'failed', reason: 'its address is not one of http or https' }
  const timeout = AbortSignal.timeout(LONGEST_POST_MS)
  try {
    const answer = await fetch(address, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'User-Agent': 'refit', ...headers },
      body,
      redirect: 'manual',
      signal: AbortSignal.any([signal, timeout]),
    })
    const words = await beginningOf(answer).catch(() => '')
    return deliveryOf(answer, words)
  } catch (error) {
    if (timeout.aborted) return { kind: 'failed', reason: `it has not answered within ${LONGEST_POST_MS / 1000} seconds` }
    return { kind: 'failed', reason: networkWords(error) }
  }
}

function deliveryOf(answer: Response, words: string): Delivery {
  const { status } = answer
  if (status >= 200 && status < 300) return { kind: 'taken', detail: `answered ${status}` }
  if (status >= 300 && status < 400) return { kind: 'failed', reason: `it redirects (${status}), which is not followed; name the address that it leads to` }
  const reason = `it answered ${status}${words === '' ? '' : `: ${words}`}`
  if (status >= 400 && status < 500 && !PASSING.has(status)) return { kind: 'refused', reason }
  const retryAfter = waitOf(answer.headers.get('retry-after'), Date.now())
  return { kind: 'failed', reason, ...(retryAfter === undefined ? {} : { retryAfter }) }
}

/** Milliseconds that a Retry-After asks for: seconds, or a date. */
function waitOf(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  const wait = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isFinite(wait) && wait > 0 ? wait : undefined
}

/** The beginning of an answer, on one line; what follows is not read. It is cut where secrets have been concealed, not before. */
async function beginningOf(answer: Response): Promise<string> {
  if (answer.body === null) return ''
  const chunks: Buffer[] = []
  let bytes = 0
  // Leaving the loop cancels the rest.
  for await (const chunk of Readable.fromWeb(answer.body)) {
    if (!(chunk instanceof Uint8Array)) break
    chunks.push(Buffer.from(chunk))
    bytes += chunk.length
    if (bytes >= MOST_ANSWER_BYTES) break
  }
  return oneLine(Buffer.concat(chunks).toString('utf8'))
}

/** Why nothing was answered: fetch hides the reason in its cause. */
function networkWords(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return String(cause)
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
  return oneLine(cause.message === '' ? code : cause.message)
}

function isHttp(address: string): boolean {
  return URL.canParse(address) && ['http:', 'https:'].includes(new URL(address).protocol)
}
