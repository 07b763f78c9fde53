import type { Scored } from './scored.js'

/** EVIDENCE rule 9: fewer units or rows of a class than this settle nothing. */
export const SMALLEST = { group: 30, time: 20, class: 10 } as const

/** Says what is too small to judge by, or undefined. */
export function smallness(split: 'group' | 'time', unit: string, units: number, scored: Scored, rows: Int32Array): string | undefined {
  if (units < SMALLEST[split]) return `The test set has ${counted(units, unit)}; at least ${SMALLEST[split]} are needed to judge.`
  const scarce = scarceClass(scored, rows)
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
