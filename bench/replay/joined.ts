import type { Scored } from '../../src/evaluation/scored.js'

/** Some rows of what a model predicts. */
export function chosen(scored: Scored, rows: readonly number[]): Scored {
  if (scored.task === 'regression') return { task: 'regression', targets: pick(scored.targets, rows, 1), values: pick(scored.values, rows, 1) }
  const { labels, probabilities, classes } = scored
  return { task: 'classification', labels: Int32Array.from(rows, (row) => labels[row] ?? -1), probabilities: pick(probabilities, rows, classes), classes }
}

/** The rows of several sets, one set after the other, as rows of one. @throws Error when they are of different tasks or classes */
export function joined(sets: readonly Scored[]): Scored {
  const [first] = sets
  if (first === undefined) throw new Error('there is nothing to join')
  if (first.task === 'regression') {
    const same = sets.filter((each) => each.task === 'regression')
    requireAll(same, sets)
    return { task: 'regression', targets: Float64Array.from(same.flatMap(({ targets }) => [...targets])), values: Float64Array.from(same.flatMap(({ values }) => [...values])) }
  }
  const same = sets.filter((each) => each.task === 'classification' && each.classes === first.classes).filter((each) => each.task === 'classification')
  requireAll(same, sets)
  return {
    task: 'classification',
    labels: Int32Array.from(same.flatMap(({ labels }) => [...labels])),
    probabilities: Float64Array.from(same.flatMap(({ probabilities }) => [...probabilities])),
    classes: first.classes,
  }
}

function requireAll(same: readonly Scored[], sets: readonly Scored[]): void {
  if (same.length !== sets.length) throw new Error('weeks of different tasks or classes cannot be joined')
}

function pick(values: Float64Array, rows: readonly number[], width: number): Float64Array {
  return Float64Array.from(rows.flatMap((row) => [...values.subarray(row * width, (row + 1) * width)]))
}
