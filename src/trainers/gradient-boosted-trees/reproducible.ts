import JSZip from 'jszip'

const HEADER_FILE = 'header.pb'
/** Field 10 of Yggdrasil's `AbstractModel`: when it was made, and an identity drawn by lot. */
const METADATA_FIELD = 10
/** The first instant that a zip can tell. */
const SAME_INSTANT = new Date('1980-01-01T00:00:00Z')

/** A model as Yggdrasil saves it, without what differs although the same was trained: its digest follows from its content alone. */
export async function reproducible(zip: Uint8Array): Promise<Uint8Array> {
  const saved = await JSZip.loadAsync(zip)
  const made = new JSZip()
  for (const name of Object.keys(saved.files).toSorted()) {
    const content = await saved.file(name)?.async('uint8array')
    if (content !== undefined) made.file(name, name === HEADER_FILE ? withoutField(content, METADATA_FIELD) : content, { date: SAME_INSTANT })
  }
  return made.generateAsync({ type: 'uint8array', compression: 'DEFLATE', platform: 'UNIX' })
}

/** A message in protocol buffers' encoding without one of its fields. */
function withoutField(message: Uint8Array, unwanted: number): Uint8Array {
  const kept: Uint8Array[] = []
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = message[at] ?? 0
      at += 1
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }
  while (at < message.length) {
    const start = at
    const tag = varint()
    switch (tag & 7) {
      case 0:
        varint()
        break
      case 1:
        at += 8
        break
      case 2: {
        const length = varint()
        at += length
        break
      }
      case 5:
        at += 4
        break
      default:
        throw new Error(`${HEADER_FILE} has another form than expected`)
    }
    if (tag >> 3 !== unwanted) kept.push(message.subarray(start, at))
  }
  return Buffer.concat(kept)
}
