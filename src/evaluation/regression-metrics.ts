import { quantileOf } from '../define/metric-facts.js'
import type { QuantileLoss, RegressionMetric } from '../define/stored-definition.js'
import { additive } from './additive.js'
import type { Evaluator } from './evaluator.js'
import type { Scored, Units } from './scored.js'
import { median } from './sorted.js'

/** Below this share of its sum of squares a spread is only the rounding of equal targets, e.g. of one row drawn again and again. */
const ROUNDING = 1e-12

type Regression = Extract<Scored, { task: 'regression' }>

/** The evaluator of a regression metric. */
export function regressionEvaluator(metric: RegressionMetric | QuantileLoss, { targets, values }: Regression, units: Units): Evaluator {
  const error = (row: number): number => (values[row] ?? Number.NaN) - (targets[row] ?? Number.NaN)
  const mean = (figure: (row: number) => number): Evaluator => additive(units, [figure], ([sum = 0], rows) => sum / rows)
  switch (metric) {
    case 'mae':
      return mean((row) => Math.abs(error(row)))
    case 'rmse':
      return additive(units, [(row) => error(row) ** 2], ([sum = 0], rows) => Math.sqrt(sum / rows))
    case 'mape':
      // Undefined at a target of 0: the quotient is infinite or NaN there, and so is the sum.
      return mean((row) => Math.abs(error(row) / (targets[row] ?? 0)))
    case 'smape':
      // A zero that is predicted as zero is right, and no quotient.
      return mean((row) => (error(row) === 0 ? 0 : (2 * Math.abs(error(row))) / (Math.abs(values[row] ?? 0) + Math.abs(targets[row] ?? 0))))
    case 'bias':
      return mean(error)
    case 'r2':
      return rSquared(units, targets, error)
    case 'medianAbsoluteError':
      return median(units, (row) => Math.abs(error(row)))
    default:
      return mean(pinball(quantileOf(metric) ?? Number.NaN, error))
  }
}

/** The loss whose least expectation is at a quantile of the target (Koenker and Bassett, 1978). */
function pinball(quantile: number, error: (row: number) => number): (row: number) => number {
  return (row) => {
    const tooHigh = error(row)
    return tooHigh > 0 ? (1 - quantile) * tooHigh : -quantile * tooHigh
  }
}

/** 1 - residual sum of squares / total sum of squares; undefined when the target does not vary. */
function rSquared(units: Units, targets: Float64Array, error: (row: number) => number): Evaluator {
  // Shifted by the mean, so that the sums of squares do not cancel.
  const shift = units.rows.reduce((sum, row) => sum + (targets[row] ?? Number.NaN), 0) / units.rows.length
  const shifted = (row: number): number => (targets[row] ?? Number.NaN) - shift
  return additive(units, [(row) => error(row) ** 2, shifted, (row) => shifted(row) ** 2], ([residual = 0, sum = 0, squares = 0], rows) => {
    const total = squares - (sum * sum) / rows
    return total <= ROUNDING * squares ? Number.NaN : 1 - residual / total
  })
}
