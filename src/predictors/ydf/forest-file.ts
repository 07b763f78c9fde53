import { readFile, rm, writeFile } from 'node:fs/promises'
import { endianness } from 'node:os'
import { join } from 'node:path'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import type { Forest } from './forest.js'

/** Beside the model in its package: its forest, as `distil` has proved it there. */
export const FOREST_FILE = 'forest.bin'
/** Counts up when the trees, or how they are asked, change: what another form has proved proves nothing. */
const FORM = 1
const HEAD_LENGTH_BYTES = 4

const Count = Type.Integer({ minimum: 0 })
const Head = Type.Object({
  form: Type.Literal(FORM),
  link: Type.Union([Type.Literal('identity'), Type.Literal('sigmoid'), Type.Literal('softmax')]),
  initialFirst: Type.Boolean(),
  features: Type.Array(Type.Object({ name: Type.String(), values: Type.Optional(Type.Array(Type.Tuple([Type.String(), Count]))) })),
  trees: Count,
  nodes: Count,
  sums: Count,
  members: Count,
})

/** Keeps a forest beside its model; without one none is kept, whatever lay there. */
export async function keepForest(folder: string, forest: Forest | undefined): Promise<void> {
  const file = join(folder, FOREST_FILE)
  await (forest === undefined || endianness() !== 'LE' ? rm(file, { force: true }) : writeFile(file, encodeForest(forest)))
}

/** The forest that was kept beside a model; undefined where there is none that is read here. */
export async function readKeptForest(folder: string): Promise<Forest | undefined> {
  const bytes = await readKept(folder)
  return bytes === undefined || endianness() !== 'LE' ? undefined : decodeForest(bytes)
}

/** Whether something is kept beside a model that is not this forest, which its model gives. */
export async function keepsAnother(folder: string, forest: Forest | undefined): Promise<boolean> {
  const bytes = await readKept(folder)
  return bytes !== undefined && (forest === undefined || !bytes.equals(encodeForest(forest)))
}

function readKept(folder: string): Promise<Buffer | undefined> {
  return readFile(join(folder, FOREST_FILE)).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  })
}

/** A head of JSON behind its length, then the arrays as they lie in memory: the same bytes for the same forest, as the serializer of V8 would not write them. */
function encodeForest({ features, roots, depths, feature, limit, base, child, leaf, members, initial, initialFirst, link }: Forest): Buffer {
  const told: Static<typeof Head> = {
    form: FORM,
    link,
    initialFirst,
    features: features.map(({ name, values }) => (values === undefined ? { name } : { name, values: [...values] })),
    trees: roots.length,
    nodes: feature.length,
    sums: initial.length,
    members: members.length,
  }
  const head = Buffer.from(JSON.stringify(told))
  const length = Buffer.alloc(HEAD_LENGTH_BYTES)
  length.writeUInt32LE(head.length)
  const missing = Float64Array.from(features, (each) => each.missing)
  const arrays = [missing, roots, depths, feature, limit, base, child, leaf, members, initial]
  return Buffer.concat([length, head, ...arrays.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength))])
}

function decodeForest(bytes: Buffer): Forest | undefined {
  const behindHead = HEAD_LENGTH_BYTES + (bytes.length < HEAD_LENGTH_BYTES ? 0 : bytes.readUInt32LE())
  const head = parsed(bytes.subarray(HEAD_LENGTH_BYTES, behindHead))
  if (!Value.Check(Head, head)) return undefined
  const { features, trees, nodes, sums, members, link, initialFirst } = head
  let at = behindHead
  /** So many bytes, with a buffer of their own. */
  const next = (count: number): ArrayBuffer => {
    const part = new Uint8Array(bytes.subarray(at, at + count))
    at += count
    return part.buffer
  }
  const sizes = { missing: 8 * features.length, roots: 4 * trees, depths: 4 * trees, feature: 2 * nodes, limit: 4 * nodes, base: 4 * nodes, child: 4 * nodes, leaf: 4 * nodes, members, initial: 4 * sums }
  if (Object.values(sizes).reduce((sum, size) => sum + size, behindHead) !== bytes.length) return undefined
  const missing = new Float64Array(next(sizes.missing))
  const roots = new Int32Array(next(sizes.roots))
  const depths = new Int32Array(next(sizes.depths))
  // A row takes as many steps as the trees are deep together, and none is as deep as it has nodes: otherwise an answer need not come.
  if (sums === 0 || depths.some((depth) => depth < 0) || depths.reduce((sum, depth) => sum + depth, 0) > nodes) return undefined
  return {
    features: features.map(({ name, values }, index) => ({ name, values: values === undefined ? undefined : new Map(values), missing: missing[index] ?? Number.NaN })),
    roots,
    depths,
    feature: new Int16Array(next(sizes.feature)),
    limit: new Float32Array(next(sizes.limit)),
    base: new Int32Array(next(sizes.base)),
    child: new Int32Array(next(sizes.child)),
    leaf: new Float32Array(next(sizes.leaf)),
    members: new Uint8Array(next(sizes.members)),
    initial: new Float32Array(next(sizes.initial)),
    initialFirst,
    link,
  }
}

function parsed(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString('utf8'))
  } catch {
    // Of another form, or none: the model is still there.
    return undefined
  }
}
