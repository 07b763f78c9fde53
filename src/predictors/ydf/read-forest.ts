import type { Forest, ForestFeature, Link } from './forest.js'
import { doubleOf, fieldsOf, floatOf, floatsOf, NotAMessage, textOf, varintsOf, type Field } from './protobuf.js'

/** Numbers of fields and values are those of yggdrasil_decision_forests/*.proto. */
const NUMERICAL = 1
const CATEGORICAL = 4
const CLASSIFICATION = 1
const REGRESSION = 2
const links: ReadonlyMap<number, Link> = new Map([
  [1, 'sigmoid'],
  [2, 'identity'],
  [3, 'softmax'],
])
/** Memory that the values of categories may take, bytes. */
const MOST_MEMBERS = 2 ** 24
const MOST_FEATURES = 2 ** 15

/** Something that a forest here cannot say, such as another kind of condition: no fault of the model. */
class BeyondUs extends Error {}

/**
 * A model of gradient boosted trees as Yggdrasil writes it, read from the files of its folder. Undefined where it is of
 * another kind, or has what this reader does not know: Yggdrasil itself then answers.
 */
export function readForest(files: ReadonlyMap<string, Uint8Array>): Omit<Forest, 'initialFirst'> | undefined {
  try {
    return read(files)
  } catch (error) {
    if (error instanceof BeyondUs || error instanceof NotAMessage || error instanceof RangeError) return undefined
    throw error
  }
}

function read(files: ReadonlyMap<string, Uint8Array>): Omit<Forest, 'initialFirst'> {
  const model = [...fieldsOf(need(files.get('header.pb')))]
  const trees = [...fieldsOf(need(files.get('gradient_boosted_trees_header.pb')))]
  const columns = [...fieldsOf(need(files.get('data_spec.pb')))].filter(({ number }) => number === 1).map(({ bytes }) => bytes)
  const task = varint(model, 2)
  const link = links.get(varint(trees, 3))
  if (link === undefined || textOf(contentOf(trees, 7)) !== 'BLOB_SEQUENCE') throw new BeyondUs()
  if (task !== CLASSIFICATION && task !== REGRESSION) throw new BeyondUs()
  if ((task === REGRESSION) !== (link === 'identity') || varint(trees, 9) !== 0 || varint(model, 8, 1) !== 1) throw new BeyondUs()

  const places = model.flatMap(({ number, varint, bytes }) => (number !== 5 ? [] : bytes.length > 0 ? varintsOf(bytes) : [varint]))
  if (places.length > MOST_FEATURES) throw new BeyondUs()
  const features = places.map((place) => readFeature(need(columns[place])))
  const sums = varint(trees, 5, 1)
  const initial = trees.flatMap(({ number, bytes }) => (number === 4 ? floatsOf(bytes) : []))
  if (initial.length !== sums) throw new BeyondUs()
  const shards = varint(trees, 1)
  const nodes = Array.from({ length: shards }, (_, shard) => blobsOf(need(files.get(`nodes-${padded(shard)}-of-${padded(shards)}`)))).flat()
  return { features: features.map(({ feature }) => feature), ...flatten(nodes, new Map(places.map((place, index) => [place, index])), features), initial: Float32Array.from(initial), link }
}

interface ReadFeature {
  readonly feature: ForestFeature
  /** Values of a category, with the one for all others. */
  readonly size: number
}

function readFeature(column: Uint8Array): ReadFeature {
  const fields = [...fieldsOf(column)]
  const name = textOf(contentOf(fields, 2))
  const type = varint(fields, 1)
  if (type === NUMERICAL) {
    const mean = last([...fieldsOf(contentOf(fields, 5))], 1)
    return { feature: { name, values: undefined, missing: mean === undefined ? 0 : Math.fround(doubleOf(mean.bytes)) }, size: 0 }
  }
  const category = [...fieldsOf(contentOf(fields, 6))]
  if (type !== CATEGORICAL || varint(category, 5) !== 0) throw new BeyondUs()
  const values = new Map<string, number>()
  for (const { number, bytes } of category) {
    if (number !== 7) continue
    const entry = [...fieldsOf(bytes)]
    values.set(textOf(contentOf(entry, 1)), varint([...fieldsOf(contentOf(entry, 2))], 1))
  }
  return { feature: { name, values, missing: varint(category, 1) }, size: varint(category, 2) }
}

type Trees = Pick<Forest, 'roots' | 'depths' | 'feature' | 'limit' | 'base' | 'child' | 'leaf' | 'members'>

/** Nodes come depth first, the negative side before the positive one; here the two sides of a node lie side by side. */
function flatten(nodes: readonly Uint8Array[], indexOf: ReadonlyMap<number, number>, features: readonly ReadFeature[]): Trees {
  const count = nodes.length
  const [roots, depths, members]: [number[], number[], number[]] = [[], [], []]
  const feature = new Int16Array(count)
  const limit = new Float32Array(count).fill(Number.NaN)
  const base = new Int32Array(count).fill(-1)
  const child = new Int32Array(count)
  const leaf = new Float32Array(count)
  /** Places that are still to be filled, with their depth; the next node belongs to the last. */
  const open: { readonly place: number; readonly depth: number }[] = []
  let free = 0
  for (const bytes of nodes) {
    if (open.length === 0) {
      roots.push(free)
      depths.push(0)
      open.push({ place: free, depth: 0 })
      free += 1
    }
    const { place, depth } = need(open.pop())
    depths[depths.length - 1] = Math.max(depths.at(-1) ?? 0, depth)
    const fields = [...fieldsOf(bytes)]
    const condition = last(fields, 3)
    if (condition === undefined) {
      const added = last([...fieldsOf(contentOf(fields, 2))], 1)
      leaf[place] = added === undefined ? 0 : floatOf(added.bytes)
      child[place] = place
      continue
    }
    const asked = [...fieldsOf(condition.bytes)]
    const index = need(indexOf.get(varint(asked, 2)))
    const { feature: known, size } = need(features[index])
    const kind = need([...fieldsOf(contentOf(asked, 3))][0])
    feature[place] = index
    if (known.values === undefined) limit[place] = limitOf(kind)
    else {
      base[place] = members.length
      members.push(...membersOf(kind, size))
    }
    child[place] = free
    open.push({ place: free + 1, depth: depth + 1 }, { place: free, depth: depth + 1 })
    free += 2
  }
  if (open.length > 0 || members.length > MOST_MEMBERS) throw new BeyondUs()
  return { roots: Int32Array.from(roots), depths: Int32Array.from(depths), feature, limit, base, child, leaf, members: Uint8Array.from(members) }
}

/** Of a condition about a number, from where on it holds. */
function limitOf({ number, bytes }: Field): number {
  if (number !== 2) throw new BeyondUs()
  const limit = last([...fieldsOf(bytes)], 1)
  return limit === undefined ? 0 : floatOf(limit.bytes)
}

/** Of a condition about a category, one byte for each of its values. */
function membersOf({ number, bytes }: Field, size: number): readonly number[] {
  const content = contentOf([...fieldsOf(bytes)], 1)
  if (number === 4) {
    const elements = new Set(varintsOf(content))
    return Array.from({ length: size }, (_, value) => (elements.has(value) ? 1 : 0))
  }
  if (number === 5) return Array.from({ length: size }, (_, value) => ((content[value >> 3] ?? 0) >> (value & 7)) & 1)
  throw new BeyondUs()
}

/** Blobs of a sequence: a head of eight bytes, then each behind its length. */
function blobsOf(sequence: Uint8Array): readonly Uint8Array[] {
  const view = new DataView(sequence.buffer, sequence.byteOffset, sequence.byteLength)
  const COMPRESSION = 4
  if (textOf(sequence.subarray(0, 2)) !== 'BS' || view.getUint16(2, true) > 1 || view.getUint8(COMPRESSION) !== 0) throw new BeyondUs()
  const blobs: Uint8Array[] = []
  for (let at = 8; at < sequence.length; ) {
    const end = at + 4 + view.getUint32(at, true)
    if (end > sequence.length) throw new NotAMessage('it is cut')
    blobs.push(sequence.subarray(at + 4, end))
    at = end
  }
  return blobs
}

function need<V>(found: V | undefined): V {
  if (found === undefined) throw new BeyondUs()
  return found
}

function last(fields: readonly Field[], number: number): Field | undefined {
  return fields.findLast((field) => field.number === number)
}

function contentOf(fields: readonly Field[], number: number): Uint8Array {
  return last(fields, number)?.bytes ?? new Uint8Array()
}

function varint(fields: readonly Field[], number: number, otherwise = 0): number {
  return last(fields, number)?.varint ?? otherwise
}

function padded(shard: number): string {
  return String(shard).padStart(5, '0')
}
