import type { Scored, Units } from './scored.js'
import { presentUnits, sizesOf } from './units.js'
import { number, percent } from './wording.js'

/** EVIDENCE rule 9: fewer units, or units of equal size that tell as much, or rows of a class than this settle nothing. */
export const SMALLEST = { group: 30, time: 20, equal: 2, class: 10 } as const

/** Says what is too small to judge by, or undefined. */
export function smallness(split: 'group' | 'time', unit: string, units: Units, scored: Scored): string | undefined {
  const count = presentUnits(units)
  if (count < SMALLEST[split]) return `The test set has ${counted(count, unit)}; at least ${SMALLEST[split]} are needed to judge.`
  const { effective, largest, total } = sizesOf(units)
  // Where nothing has a weight every figure is undefined, which fails.
  if (total > 0 && effective < SMALLEST.equal) {
    return `One ${unit} has ${percent(largest / total)} of the ${units.weights === undefined ? 'rows' : 'weight'} of the test set: its ${counted(count, unit)} tell no more than ${number(effective)} of equal size would; at least ${SMALLEST.equal} are needed to judge.`
  }
  const scarce = scarceClass(scored, units.rows)
  return scarce === undefined ? undefined : `The test set has ${counted(scarce, 'row')} of its rarest class; at least ${SMALLEST.class} are needed to judge.`
}

function scarceClass(scored: Scored, rows: Int32Array): number | undefined {
  if (scored.task === 'regression') return undefined
  const counts = new Int32Array(scored.classes)
  for (const row of rows) {
    const label = scored.labels[row] ?? -1
    if (label >= 0) counts[label] = (counts[label] ?? 0) + 1
  }
  const fewest = Math.min(...counts)
  return fewest < SMALLEST.class ? fewest : undefined
}

function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
