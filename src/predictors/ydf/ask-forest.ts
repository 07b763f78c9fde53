import type { Forest, Link } from './forest.js'
import { addTrees, addTreesToFour, walkable } from './walk.js'

/** Predictions for rows, one number for each row and sum; `matrix` has the rows one after another, each as `placeOf` says of its values. */
export type AskForest = (matrix: Float32Array, rows: number) => Float64Array

/**
 * What answers from a forest: in floats of 32 bits and in the order of the trees, as Yggdrasil's engines do, so that results
 * are the same to the last bit, but for what exp() rounds.
 */
export function openForest(forest: Forest): AskForest {
  const { features, initial, initialFirst, link } = forest
  const width = features.length
  const sums = initial.length
  const trees = walkable(forest)
  return (matrix, rows) => {
    const totals = new Float32Array(rows * sums)
    if (initialFirst) for (let row = 0; row < rows; row += 1) totals.set(initial, row * sums)
    let row = 0
    for (; row + 4 <= rows; row += 4) addTreesToFour(trees, matrix, row * width, width, totals, row * sums, sums)
    for (; row < rows; row += 1) addTrees(trees, matrix, row * width, totals, row * sums, sums)
    if (!initialFirst) for (let at = 0; at < totals.length; at += 1) totals[at] = (totals[at] ?? 0) + (initial[at % sums] ?? 0)
    return finish(link, totals, sums)
  }
}

function finish(link: Link, totals: Float32Array, sums: number): Float64Array {
  const results = Float64Array.from(totals)
  switch (link) {
    case 'identity':
      break
    case 'sigmoid':
      for (let at = 0; at < results.length; at += 1) results[at] = Math.fround(1 / Math.fround(1 + Math.fround(Math.exp(-(results[at] ?? 0)))))
      break
    case 'softmax':
      for (let from = 0; from < results.length; from += sums) {
        let all = 0
        for (let at = from; at < from + sums; at += 1) {
          const raised = Math.fround(Math.exp(results[at] ?? 0))
          results[at] = raised
          all = Math.fround(all + raised)
        }
        const share = Math.fround(1 / all)
        for (let at = from; at < from + sums; at += 1) results[at] = Math.min(1, Math.fround((results[at] ?? 0) * share))
      }
  }
  return results
}
