import type { MetricName } from '../define/stored-definition.js'
import { resample, resampleTogether, type Distribution } from './bootstrap.js'
import { evaluatorOf } from './metric.js'
import type { Sample } from './sample.js'
import type { Scored } from './scored.js'
import { SMALLEST } from './small-sets.js'
import { presentUnits, unitsOf, within } from './units.js'

/**
 * A metric of some models on several slices of the rows, on the same draws of all units: what a draw has of a slice varies
 * with it, as the slice of another test set would. Of few units a draw might have none, and they are drawn by themselves.
 * Gives for each slice one distribution a model.
 */
export function measureSlices(metric: MetricName, models: readonly Scored[], sample: Sample, slices: readonly Int32Array[]): readonly (readonly Distribution[])[] {
  const selected = slices.map((rows) => within(sample.drawn, rows))
  const isLarge = selected.map((units) => presentUnits(units) >= SMALLEST.group)
  const together = resampleTogether(
    selected.map((units, index) => ({ units, evaluators: isLarge[index] === true ? models.map((scored) => evaluatorOf(metric, scored, units)) : [] })),
    sample,
  )
  return slices.map((rows, index) => (isLarge[index] === true ? (together[index] ?? []) : measureAlone(metric, models, rows, sample)))
}

function measureAlone(metric: MetricName, models: readonly Scored[], rows: Int32Array, { units, seed }: Sample): readonly Distribution[] {
  const alone = unitsOf(rows, units.unitOfRow, units)
  return resample(models.map((scored) => evaluatorOf(metric, scored, alone)), alone, seed)
}
