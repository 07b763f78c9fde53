import JSZip from 'jszip'
import { openForest } from './ask-forest.js'
import { placeOf, type ExampleValue, type Forest } from './forest.js'
import { readForest } from './read-forest.js'
import type { YdfModel } from './runtime.js'

/** Rows on which a forest has to answer as Yggdrasil does. */
const PROOF_ROWS = 1000
/** So many of them also by themselves: one row takes another way through the trees than several. */
const ROWS_ALONE = 100
/** exp() is rounded by each in its own way; nothing else differs. */
const MOST_DIFFERENCE = 1e-6
const SEED = 0x9e3779b9

/**
 * The forest of a model, if it is one that can be read here and answers, on rows made to reach every side of its trees, as
 * Yggdrasil's own runtime does: what it says exactly, probabilities to within a millionth. Undefined otherwise.
 */
export async function distil(blob: Uint8Array, model: YdfModel): Promise<Forest | undefined> {
  const zip = await JSZip.loadAsync(blob)
  const files = await Promise.all(Object.values(zip.files).map(async (file) => [file.name, await file.async('uint8array')] as const))
  const read = readForest(new Map(files))
  if (read === undefined) return undefined
  // Some of its engines add what is added to all rows before the trees, some behind them.
  return [true, false].map((initialFirst) => ({ ...read, initialFirst })).find((forest) => answersAs(model, forest))
}

function answersAs(model: YdfModel, forest: Forest): boolean {
  const known = new Set(forest.features.map(({ name }) => name))
  // Of a model that names a feature twice, or one that is not there, nobody knows what is meant.
  if (known.size !== forest.features.length || !model.getInputFeatures().every(({ name }) => known.has(name))) return false
  const examples = tellingExamples(forest)
  const theirs = model.predict(examples)
  const most = forest.link === 'identity' ? 0 : MOST_DIFFERENCE
  const ask = openForest(forest)
  const matrix = matrixOf(forest, examples, PROOF_ROWS)
  const width = forest.features.length
  const alone = Array.from({ length: ROWS_ALONE }, (_, row) => [...ask(matrix.subarray(row * width, (row + 1) * width), 1)]).flat()
  const agrees = (ours: ArrayLike<number>): boolean => Array.from(ours).every((value, index) => Math.abs(value - (theirs[index] ?? Number.NaN)) <= most)
  const together = ask(matrix, PROOF_ROWS)
  return together.length === theirs.length && agrees(together) && agrees(alone)
}

/** Values by feature, all of the same length. */
export type Examples = Readonly<Record<string, readonly ExampleValue[]>>

/** Examples as a forest is asked about them. */
export function matrixOf({ features }: Pick<Forest, 'features'>, examples: Examples, rows: number): Float32Array {
  const matrix = new Float32Array(rows * features.length)
  for (const [at, feature] of features.entries()) {
    for (let row = 0; row < rows; row += 1) matrix[row * features.length + at] = placeOf(feature, examples[feature.name]?.[row] ?? null)
  }
  return matrix
}

/** Rows with the limits at which the trees decide, values on both sides of them, every category, unknown and missing ones. */
function tellingExamples({ features, feature, limit }: Forest): Examples {
  const random = seeded(SEED)
  const limits = features.map((): number[] => [0])
  for (const [node, asked] of feature.entries()) if (!Number.isNaN(limit[node])) limits[asked]?.push(limit[node] ?? 0)
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)]
  const numberNear = (at: number): number => {
    const limit = pick(limits[at] ?? []) ?? 0
    const kind = random()
    return kind < 0.4 ? limit : kind < 0.6 ? limit * (1 + 1e-6) - 1e-9 : kind < 0.8 ? limit * (1 - 1e-6) + 1e-9 : limit + (random() - 0.5) * 1000
  }
  return Object.fromEntries(
    features.map(({ name, values }, at) => {
      const known = values === undefined ? undefined : [...values.keys(), '?', 'never seen']
      return [name, Array.from({ length: PROOF_ROWS }, () => (random() < 0.1 ? null : known === undefined ? numberNear(at) : (pick(known) ?? null)))]
    }),
  )
}

/** Mulberry32: the same rows at every load. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
