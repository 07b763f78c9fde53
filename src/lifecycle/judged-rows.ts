import { writeJudgedRows, type JudgedColumn } from '../data/write-judged-rows.js'
import type { Scored } from '../evaluation/scored.js'

/**
 * Leaves the rows that are judged, with the truth and what candidate and champion predict, for rules of the user's own.
 * Names that begin with refit_ are no columns of a drop.
 */
export async function leaveJudgedRows(
  setsFolder: string,
  folder: string,
  rows: Int32Array,
  classes: readonly string[],
  { candidate, champion }: { readonly candidate: Scored; readonly champion: Scored | undefined },
): Promise<void> {
  await writeJudgedRows(setsFolder, folder, rows, [...columnsOf('refit_candidate', candidate, classes), ...(champion === undefined ? [] : columnsOf('refit_champion', champion, classes))])
}

/** The prediction; of a classification the likeliest class, and the probability of each. */
function columnsOf(name: string, scored: Scored, classes: readonly string[]): readonly JudgedColumn[] {
  if (scored.task === 'regression') return [{ name, values: scored.values }]
  const { probabilities } = scored
  const width = classes.length
  const rows = width === 0 ? 0 : probabilities.length / width
  const ofClass = (index: number): Float64Array => Float64Array.from({ length: rows }, (_, row) => probabilities[row * width + index] ?? 0)
  const likeliest = Array.from({ length: rows }, (_, row) => {
    const own = probabilities.subarray(row * width, (row + 1) * width)
    return classes[own.indexOf(Math.max(...own))] ?? ''
  })
  return [{ name, values: likeliest }, ...classes.map((label, index) => ({ name: `${name}_${label}`, values: ofClass(index) }))]
}
