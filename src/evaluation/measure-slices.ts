import type { MetricName } from '../define/stored-definition.js'
import { resample, resampleTogether, unmeasured, type Distribution } from './bootstrap.js'
import { evaluatorOf } from './metric.js'
import type { Sample } from './sample.js'
import type { Scored } from './scored.js'
import { SMALLEST } from './small-sets.js'
import { presentUnits, unitsOf, within } from './units.js'

/**
 * A metric on several slices of the rows, on the same draws of all units: what a draw has of a slice varies with it, as
 * the slice of another test set would. Of few units a draw might have none, and they are drawn by themselves.
 */
export function measureSlices(metric: MetricName, scored: Scored, sample: Sample, slices: readonly Int32Array[]): readonly Distribution[] {
  const selected = slices.map((rows) => within(sample.drawn, rows))
  const isLarge = selected.map((units) => presentUnits(units) >= SMALLEST.group)
  const together = resampleTogether(
    selected.map((units, index) => ({ units, evaluators: isLarge[index] === true ? [evaluatorOf(metric, scored, units)] : [] })),
    sample,
  )
  return slices.map((rows, index) => together[index]?.[0] ?? measureAlone(metric, scored, rows, sample))
}

function measureAlone(metric: MetricName, scored: Scored, rows: Int32Array, { units, seed }: Sample): Distribution {
  const alone = unitsOf(rows, units.unitOfRow, units)
  const [distribution = unmeasured] = resample([evaluatorOf(metric, scored, alone)], alone, seed)
  return distribution
}
