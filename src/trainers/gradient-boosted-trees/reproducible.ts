import JSZip from 'jszip'

/** The first instant that a zip can tell. */
const SAME_INSTANT = new Date('1980-01-01T00:00:00Z')
/** Field 10 of Yggdrasil's `AbstractModel`: when it was made, and an identity drawn by lot. */
const METADATA_FIELD = 10
/** Yggdrasil's `DataSpecification`: the columns, in one what is known of its categories, in that their map, in any order. */
const COLUMNS_FIELD = 1
const CATEGORICAL_FIELD = 6
const ITEMS_FIELD = 7

/** What differs in files although the same was trained, taken out. */
const canonical: Readonly<Record<string, (message: Uint8Array) => Uint8Array>> = {
  'header.pb': (message) => Buffer.concat(fieldsOf(message).flatMap(({ number, bytes }) => (number === METADATA_FIELD ? [] : [bytes]))),
  'data_spec.pb': (message) => within(message, COLUMNS_FIELD, (column) => within(column, CATEGORICAL_FIELD, sortedItems)),
}

/** A model as Yggdrasil saves it, without what differs although the same was trained: its digest follows from its content alone. */
export async function reproducible(zip: Uint8Array): Promise<Uint8Array> {
  const saved = await JSZip.loadAsync(zip)
  const made = new JSZip()
  for (const name of Object.keys(saved.files).toSorted()) {
    const content = await saved.file(name)?.async('uint8array')
    if (content !== undefined) made.file(name, canonical[name]?.(content) ?? content, { date: SAME_INSTANT })
  }
  return made.generateAsync({ type: 'uint8array', compression: 'DEFLATE', platform: 'UNIX' })
}

function sortedItems(categorical: Uint8Array): Uint8Array {
  const fields = fieldsOf(categorical)
  const items = fields.filter(({ number }) => number === ITEMS_FIELD).toSorted((a, b) => Buffer.compare(a.bytes, b.bytes))
  return Buffer.concat([...fields.filter(({ number }) => number !== ITEMS_FIELD), ...items].map(({ bytes }) => bytes))
}

/** A message whose inner messages of one field are replaced by others of the same length. */
function within(message: Uint8Array, field: number, change: (inner: Uint8Array) => Uint8Array): Uint8Array {
  return Buffer.concat(
    fieldsOf(message).flatMap(({ number, bytes, content }) =>
      number === field && content !== undefined ? [bytes.subarray(0, bytes.length - content.length), change(content)] : [bytes],
    ),
  )
}

/** One field of a message in protocol buffers' encoding. */
interface Field {
  readonly number: number
  /** All of it, tag and length included. */
  readonly bytes: Uint8Array
  /** What is inside, where it has a length. */
  readonly content: Uint8Array | undefined
}

function fieldsOf(message: Uint8Array): readonly Field[] {
  const fields: Field[] = []
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
    let length: number | undefined
    switch (tag & 7) {
      case 0:
        varint()
        break
      case 1:
        at += 8
        break
      case 2:
        length = varint()
        at += length
        break
      case 5:
        at += 4
        break
      default:
        throw new Error('a model of Yggdrasil has another form than expected')
    }
    fields.push({ number: tag >> 3, bytes: message.subarray(start, at), content: length === undefined ? undefined : message.subarray(at - length, at) })
  }
  return fields
}
