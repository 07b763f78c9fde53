import { createHmac, randomFillSync, timingSafeEqual } from 'node:crypto'

/** Which of two versions has answered: the one that serves, or one that is rolled out beside it. */
export type Side = 'champion' | 'challenger'

/** What the id of an answer says by itself. */
export interface PredictionFacts {
  readonly model: string
  readonly version: number
  /** Of the champion pointer, where the champion has answered; a challenger has none, and it is 0. */
  readonly generation: number
  readonly side: Side
  readonly at: Date
  /** How many rows were asked, at most 65,535. */
  readonly rows: number
  /** Whether its rows were to be logged. */
  readonly sampled: boolean
}

const FORMAT = 1
const HEAD_BYTES = 28
/** 96 bits: nobody guesses an id that was not given out. */
const MAC_BYTES = 12
const LONGEST_NAME = 63
const SAMPLED = 1
const CHALLENGER = 2
const RANDOM_BYTES = 8
const POOL_BYTES = 8192

/** Ids may be so long as text. */
export const LONGEST_ID = Math.ceil(((HEAD_BYTES + LONGEST_NAME + MAC_BYTES) * 4) / 3)

/**
 * Makes ids of answers, and says by each whether its rows are to be logged, which chance decides with probability `share`. An
 * id is `base64url(facts ‖ 64 random bits ‖ model ‖ HMAC-SHA-256 of these, cut)`: it can be read without the log, and not be
 * made without the key.
 */
export function createPredictionIds(key: Buffer): (facts: Omit<PredictionFacts, 'sampled'>, share: number) => { readonly id: string; readonly sampled: boolean } {
  const pool = Buffer.alloc(POOL_BYTES)
  let used = POOL_BYTES
  return ({ model, version, generation, side, at, rows }, share) => {
    if (used === POOL_BYTES) {
      randomFillSync(pool)
      used = 0
    }
    const sampled = pool.readUInt32LE(used) / 2 ** 32 < share
    const bytes = Buffer.alloc(HEAD_BYTES + Buffer.byteLength(model) + MAC_BYTES)
    bytes[0] = FORMAT
    bytes[1] = (sampled ? SAMPLED : 0) | (side === 'challenger' ? CHALLENGER : 0)
    bytes.writeUIntBE(at.getTime(), 2, 6)
    bytes.writeUInt32BE(version, 8)
    bytes.writeUIntBE(generation, 12, 6)
    bytes.writeUInt16BE(rows, 18)
    pool.copy(bytes, 20, used, used + RANDOM_BYTES)
    used += RANDOM_BYTES
    bytes.write(model, HEAD_BYTES)
    macOf(key, bytes.subarray(0, -MAC_BYTES)).copy(bytes, bytes.length - MAC_BYTES)
    return { id: bytes.toString('base64url'), sampled }
  }
}

/** What an id says; undefined for a text that was not made with this key. */
export function readPredictionId(key: Buffer, id: string): PredictionFacts | undefined {
  if (id.length > LONGEST_ID) return undefined
  const bytes = Buffer.from(id, 'base64url')
  // Node passes over strange letters: one answer would have many ids.
  if (bytes.length <= HEAD_BYTES + MAC_BYTES || bytes[0] !== FORMAT || bytes.toString('base64url') !== id) return undefined
  const said = bytes.subarray(0, -MAC_BYTES)
  if (!timingSafeEqual(macOf(key, said), bytes.subarray(-MAC_BYTES))) return undefined
  const flags = bytes[1] ?? 0
  return {
    model: said.toString('utf8', HEAD_BYTES),
    version: bytes.readUInt32BE(8),
    generation: bytes.readUIntBE(12, 6),
    side: (flags & CHALLENGER) === 0 ? 'champion' : 'challenger',
    at: new Date(bytes.readUIntBE(2, 6)),
    rows: bytes.readUInt16BE(18),
    sampled: (flags & SAMPLED) !== 0,
  }
}

function macOf(key: Buffer, bytes: Buffer): Buffer {
  return createHmac('sha256', key).update(bytes).digest().subarray(0, MAC_BYTES)
}
