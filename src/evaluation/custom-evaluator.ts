import { additive } from './additive.js'
import { undefinedEvaluator, type Evaluator } from './evaluator.js'
import type { CustomFigures, Units } from './scored.js'

/** Of a metric that was measured; of one that was not, undefined. */
export function customEvaluator(figures: CustomFigures | undefined, units: Units): Evaluator {
  if (figures === undefined || figures.width === 0) return undefinedEvaluator
  const { width, values, total } = figures
  return additive(units, Array.from({ length: width }, (_, index) => (row: number): number => values[row * width + index] ?? Number.NaN), total)
}
