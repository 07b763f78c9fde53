/** One field of a message in the wire format of Protocol Buffers (https://protobuf.dev/programming-guides/encoding). */
export interface Field {
  readonly number: number
  /** 0 where it is no varint. Exact below 2^53. */
  readonly varint: number
  /** Of a field with a length or of fixed width; empty for a varint. */
  readonly bytes: Uint8Array
}

/** What is no message: cut, or something else. */
export class NotAMessage extends Error {}

const nothing = new Uint8Array()

/** The fields of a message, in the order in which they were written. @throws NotAMessage */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  let at = 0
  const varint = (): number => {
    let [result, scale] = [0, 1]
    for (;;) {
      const byte = message[at++]
      if (byte === undefined) throw new NotAMessage('it is cut')
      result += (byte & 0x7f) * scale
      if (byte < 0x80) return result
      scale *= 128
    }
  }
  const take = (length: number): Uint8Array => {
    if (at + length > message.length) throw new NotAMessage('it is cut')
    at += length
    return message.subarray(at - length, at)
  }
  while (at < message.length) {
    const tag = varint()
    const number = Math.floor(tag / 8)
    switch (tag % 8) {
      case 0:
        yield { number, varint: varint(), bytes: nothing }
        break
      case 1:
        yield { number, varint: 0, bytes: take(8) }
        break
      case 2:
        yield { number, varint: 0, bytes: take(varint()) }
        break
      case 5:
        yield { number, varint: 0, bytes: take(4) }
        break
      default:
        throw new NotAMessage('it has a field of no known form')
    }
  }
}

/** A 32-bit float. */
export function floatOf(bytes: Uint8Array): number {
  return viewOf(bytes).getFloat32(0, true)
}

export function doubleOf(bytes: Uint8Array): number {
  return viewOf(bytes).getFloat64(0, true)
}

/** 32-bit floats one behind the other. */
export function floatsOf(bytes: Uint8Array): readonly number[] {
  return Array.from({ length: bytes.length / 4 }, (_, index) => viewOf(bytes).getFloat32(index * 4, true))
}

/** Varints one behind the other. */
export function varintsOf(bytes: Uint8Array): readonly number[] {
  const values: number[] = []
  let [value, scale] = [0, 1]
  for (const byte of bytes) {
    value += (byte & 0x7f) * scale
    scale *= 128
    if (byte < 0x80) {
      values.push(value)
      ;[value, scale] = [0, 1]
    }
  }
  return values
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
