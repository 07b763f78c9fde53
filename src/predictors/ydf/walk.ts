import type { Forest } from './forest.js'

/** Fields of a node, one behind the other, so that a step touches one line of the processor's cache. */
const SIZE = 4
const SHIFT = 2
const FEATURE = 0
const BASE = 1
const CHILD = 2
const LIMIT = 3

/** Trees as they are walked. */
export interface Walkable {
  /** Of each node its feature, where its values begin in `members` (-1: it asks a number), the place of its negative side, and room for its limit. */
  readonly nodes: Int32Array
  /** The same memory as floats: limits. */
  readonly limits: Float32Array
  /** Place of the first node of each tree. */
  readonly roots: Int32Array
  readonly depths: Int32Array
  /** What a leaf adds, by its place divided by four. */
  readonly leaf: Float32Array
  /** Which values of a category lead to the positive side: so many places further. */
  readonly members: Uint8Array
}

/** Lays a forest out for walking. */
export function walkable({ roots, depths, feature, limit, base, child, leaf, members }: Forest): Walkable {
  const nodes = new Int32Array(feature.length * SIZE)
  const limits = new Float32Array(nodes.buffer)
  for (let node = 0; node < feature.length; node += 1) {
    const at = node * SIZE
    nodes[at + FEATURE] = feature[node] ?? 0
    nodes[at + BASE] = base[node] ?? 0
    nodes[at + CHILD] = (child[node] ?? 0) * SIZE
    limits[at + LIMIT] = limit[node] ?? 0
  }
  return { nodes, limits, roots: roots.map((root) => root * SIZE), depths, leaf, members: members.map((member) => member * SIZE) }
}

/**
 * Adds what each tree says of the row that begins at `row`. Four trees are walked at once, all for as many steps as the
 * deepest of them has: a processor then waits less for memory and for branches that it has guessed wrong. The step is written
 * out four times: as a function over the arrays of its forest it takes twice as long as soon as there is a second forest.
 */
export function addTrees({ nodes, limits, roots, depths, leaf, members }: Walkable, matrix: Float32Array, row: number, totals: Float32Array, total: number, sums: number): void {
  for (let tree = 0; tree < roots.length; tree += 4) {
    let a = roots[tree] ?? 0
    let b = roots[tree + 1] ?? a
    let c = roots[tree + 2] ?? a
    let d = roots[tree + 3] ?? a
    for (let steps = Math.max(depths[tree] ?? 0, depths[tree + 1] ?? 0, depths[tree + 2] ?? 0, depths[tree + 3] ?? 0); steps > 0; steps -= 1) {
      const givenA = matrix[row + (nodes[a] ?? 0)] ?? 0
      const givenB = matrix[row + (nodes[b] ?? 0)] ?? 0
      const givenC = matrix[row + (nodes[c] ?? 0)] ?? 0
      const givenD = matrix[row + (nodes[d] ?? 0)] ?? 0
      const baseA = nodes[a + BASE] ?? 0
      const baseB = nodes[b + BASE] ?? 0
      const baseC = nodes[c + BASE] ?? 0
      const baseD = nodes[d + BASE] ?? 0
      a = (nodes[a + CHILD] ?? 0) + (baseA < 0 ? Number(givenA >= (limits[a + LIMIT] ?? 0)) * SIZE : (members[baseA + givenA] ?? 0))
      b = (nodes[b + CHILD] ?? 0) + (baseB < 0 ? Number(givenB >= (limits[b + LIMIT] ?? 0)) * SIZE : (members[baseB + givenB] ?? 0))
      c = (nodes[c + CHILD] ?? 0) + (baseC < 0 ? Number(givenC >= (limits[c + LIMIT] ?? 0)) * SIZE : (members[baseC + givenC] ?? 0))
      d = (nodes[d + CHILD] ?? 0) + (baseD < 0 ? Number(givenD >= (limits[d + LIMIT] ?? 0)) * SIZE : (members[baseD + givenD] ?? 0))
    }
    add(totals, total + (tree % sums), leaf[a >> SHIFT])
    if (tree + 1 < roots.length) add(totals, total + ((tree + 1) % sums), leaf[b >> SHIFT])
    if (tree + 2 < roots.length) add(totals, total + ((tree + 2) % sums), leaf[c >> SHIFT])
    if (tree + 3 < roots.length) add(totals, total + ((tree + 3) % sums), leaf[d >> SHIFT])
  }
}

/** The same for four rows that lie `width` apart: each tree is walked by all of them, and stays in the cache meanwhile. */
export function addTreesToFour({ nodes, limits, roots, depths, leaf, members }: Walkable, matrix: Float32Array, row: number, width: number, totals: Float32Array, total: number, sums: number): void {
  const rowB = row + width
  const rowC = rowB + width
  const rowD = rowC + width
  for (let tree = 0; tree < roots.length; tree += 1) {
    const root = roots[tree] ?? 0
    let a = root
    let b = root
    let c = root
    let d = root
    for (let steps = depths[tree] ?? 0; steps > 0; steps -= 1) {
      const givenA = matrix[row + (nodes[a] ?? 0)] ?? 0
      const givenB = matrix[rowB + (nodes[b] ?? 0)] ?? 0
      const givenC = matrix[rowC + (nodes[c] ?? 0)] ?? 0
      const givenD = matrix[rowD + (nodes[d] ?? 0)] ?? 0
      const baseA = nodes[a + BASE] ?? 0
      const baseB = nodes[b + BASE] ?? 0
      const baseC = nodes[c + BASE] ?? 0
      const baseD = nodes[d + BASE] ?? 0
      a = (nodes[a + CHILD] ?? 0) + (baseA < 0 ? Number(givenA >= (limits[a + LIMIT] ?? 0)) * SIZE : (members[baseA + givenA] ?? 0))
      b = (nodes[b + CHILD] ?? 0) + (baseB < 0 ? Number(givenB >= (limits[b + LIMIT] ?? 0)) * SIZE : (members[baseB + givenB] ?? 0))
      c = (nodes[c + CHILD] ?? 0) + (baseC < 0 ? Number(givenC >= (limits[c + LIMIT] ?? 0)) * SIZE : (members[baseC + givenC] ?? 0))
      d = (nodes[d + CHILD] ?? 0) + (baseD < 0 ? Number(givenD >= (limits[d + LIMIT] ?? 0)) * SIZE : (members[baseD + givenD] ?? 0))
    }
    const at = total + (tree % sums)
    add(totals, at, leaf[a >> SHIFT])
    add(totals, at + sums, leaf[b >> SHIFT])
    add(totals, at + 2 * sums, leaf[c >> SHIFT])
    add(totals, at + 3 * sums, leaf[d >> SHIFT])
  }
}

function add(totals: Float32Array, at: number, value: number | undefined): void {
  totals[at] = (totals[at] ?? 0) + (value ?? 0)
}
