/** How the sum over the trees becomes a prediction. */
export type Link = 'identity' | 'sigmoid' | 'softmax'

/** A feature as a forest knows it. */
export interface ForestFeature {
  readonly name: string
  /** Indices of a category's values; undefined for numbers. A value that is not there has index 0. */
  readonly values: ReadonlyMap<string, number> | undefined
  /** In place of a missing value. */
  readonly missing: number
}

/**
 * Boosted trees, flat: nothing but plain values and typed arrays, so that they cross to another process as they are. Of two
 * sides of a node the positive one lies behind the other.
 */
export interface Forest {
  readonly features: readonly ForestFeature[]
  /** First node of each tree. */
  readonly roots: Int32Array
  /** Steps to the deepest leaf of each tree. */
  readonly depths: Int32Array
  /** Index of the feature that a node asks. */
  readonly feature: Int16Array
  /** Numbers of at least so much are positive; NaN, which no number reaches, of a leaf. */
  readonly limit: Float32Array
  /** Of a node that asks a category, where its values begin in `members`; -1 of any other. */
  readonly base: Int32Array
  /** The negative side; of a leaf, itself: who has arrived stays, so that every way through a tree has the same length. */
  readonly child: Int32Array
  /** What a leaf adds. */
  readonly leaf: Float32Array
  /** Which values of a category are positive: 1, one byte each. */
  readonly members: Uint8Array
  /** Of each sum, to which trees add in turn, what else is added: before them, or after. */
  readonly initial: Float32Array
  readonly initialFirst: boolean
  readonly link: Link
}

/** A value as Yggdrasil takes it: categories as texts. */
export type ExampleValue = number | string | null

/** Whether it is a forest that has crossed to this process. */
export function isForest(value: unknown): value is Forest {
  return typeof value === 'object' && value !== null && 'roots' in value && value.roots instanceof Int32Array && 'features' in value && 'link' in value
}

/** A value as the trees compare it: a number, or the index of a category. */
export function placeOf({ values, missing }: ForestFeature, value: ExampleValue): number {
  if (typeof value === 'number') return value
  return value === null ? missing : (values?.get(value) ?? 0)
}
