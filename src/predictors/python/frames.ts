/**
 * Messages on the socket between Refit and a worker: four bytes of length of the rest, four of the length of the header,
 * the header as JSON, and numbers as they lie in memory; all little-endian. worker.py has the other end.
 */

const LENGTH_BYTES = 4

/** A received message. */
export interface Frame {
  readonly header: unknown
  readonly payload: Buffer
}

/** A message to send. */
export function frameOf(header: object, ...payload: readonly Uint8Array[]): Buffer {
  const json = Buffer.from(JSON.stringify(header))
  const lengths = Buffer.alloc(2 * LENGTH_BYTES)
  const bytes = payload.reduce((sum, { length }) => sum + length, 0)
  lengths.writeUInt32LE(LENGTH_BYTES + json.length + bytes, 0)
  lengths.writeUInt32LE(json.length, LENGTH_BYTES)
  return Buffer.concat([lengths, json, ...payload])
}

/**
 * Puts messages together again from what arrives. What it returns takes each chunk, and throws at a message that is longer than
 * `largest` bytes or has no JSON header: nothing that follows can be understood then.
 */
export function frameReader(largest: number, onFrame: (frame: Frame) => void): (chunk: Buffer) => void {
  let chunks: Buffer[] = []
  let held = 0
  return (chunk) => {
    chunks.push(chunk)
    held += chunk.length
    for (;;) {
      if (held < LENGTH_BYTES) return
      if ((chunks[0]?.length ?? 0) < 2 * LENGTH_BYTES && chunks.length > 1) chunks = [Buffer.concat(chunks)]
      const [first] = chunks
      if (first === undefined || first.length < 2 * LENGTH_BYTES) return
      const length = first.readUInt32LE(0)
      const headerLength = first.readUInt32LE(LENGTH_BYTES)
      if (length > largest || headerLength > length - LENGTH_BYTES) throw new Error(`a message of ${length} bytes, ${headerLength} of them header`)
      if (held < LENGTH_BYTES + length) return
      const whole = chunks.length === 1 ? first : Buffer.concat(chunks)
      const body = whole.subarray(2 * LENGTH_BYTES, LENGTH_BYTES + length)
      const rest = whole.subarray(LENGTH_BYTES + length)
      chunks = rest.length === 0 ? [] : [rest]
      held = rest.length
      onFrame({ header: JSON.parse(body.toString('utf8', 0, headerLength)), payload: body.subarray(headerLength) })
    }
  }
}
