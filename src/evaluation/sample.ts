import type { Units } from './scored.js'
import { bundled, unitsOf } from './units.js'

/** The rows that are judged, and how they are drawn. */
export interface Sample {
  /** The units as they are. */
  readonly units: Units
  /** What is drawn: the units, or bundles of them where they are very many. */
  readonly drawn: Units
  readonly seed: number
  /** How many threads may draw. It changes nothing but the time. */
  readonly threads: number
}

/** `unitOfRow` is of all rows of the test set; `rows` are those that are judged. */
export function sampleOf(rows: Int32Array, unitOfRow: Int32Array, seed: number, threads = 1, options: Pick<Units, 'weights' | 'isSerial'> = {}): Sample {
  const units = unitsOf(rows, unitOfRow, options)
  return { units, drawn: bundled(units, seed), seed, threads }
}
