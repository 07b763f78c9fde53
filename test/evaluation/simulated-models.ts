import { defaultMargin } from '../../src/define/metric-facts.js'
import type { MetricRule } from '../../src/define/stored-definition.js'
import type { Scored } from '../../src/evaluation/scored.js'
import { normalBelow, solve } from './exact-normal.js'
import type { Design, TestSet } from './simulated-sets.js'

/** Models of which it is known exactly how good they are, by the metrics that are simulated. */

export type SimulatedTask = keyof typeof simulatedMetrics
export const simulatedMetrics = { regression: ['mae', 'rmse'], classification: ['rocAuc', 'f1'] } as const
export type SimulatedMetric = (typeof simulatedMetrics)[SimulatedTask][number]

/** A rule about the champion with the margin that the metric has by default: 3 % of the champion's, or 0.01. */
export function ruleOf(metric: SimulatedMetric, comparison: 'notWorse' | 'better'): Extract<MetricRule, { kind: 'champion' }> {
  return { kind: 'champion', metric, comparison, margin: defaultMargin({ metric }) }
}

/** The default margin, in its own unit. */
export function marginSizeOf(metric: SimulatedMetric): number {
  const margin = defaultMargin({ metric })
  return 'relative' in margin ? margin.relative : margin.absolute
}

/** Gives the model that errs by the numbers of a test set. */
export type Model = (set: TestSet, errors: Float64Array) => Scored

/** Models whose metric is worse than the champion's by exactly so much of the margin's unit; better where it is negative. */
export function worseBy(metric: SimulatedMetric, harm: number, design: Design): Model {
  switch (metric) {
    case 'mae':
    case 'rmse':
      // Both are so many times the champion's where all errors are.
      return ({ targets }, errors) => ({ task: 'regression', targets, values: errors.map((error, row) => (targets[row] ?? 0) + (1 + harm) * error) })
    case 'rocAuc':
      return classifier(design, solve(areaOf, areaOf(design.separation) - harm, 0, FARTHEST))
    case 'f1': {
      const f1 = (separation: number): number => f1Of(separation, design.positives)
      return classifier(design, solve(f1, f1(design.separation) - harm, NEAREST, FARTHEST))
    }
  }
}

const NEAREST = 0.05
const FARTHEST = 8

/** Area under the ROC curve where scores of two classes are normal, so many standard deviations apart. */
function areaOf(separation: number): number {
  return normalBelow(separation / Math.SQRT2)
}

/** F1 of the second class, where a row is taken for it that more likely is of it than not. */
function f1Of(separation: number, positives: number): number {
  const threshold = separation / 2 + Math.log((1 - positives) / positives) / separation
  const right = positives * normalBelow(separation - threshold)
  return (2 * right) / (positives + right + (1 - positives) * normalBelow(-threshold))
}

/** Answers with the true probability of the second class, given a score that is normal in both. */
function classifier({ positives }: Design, separation: number): Model {
  const odds = Math.log(positives / (1 - positives)) - separation ** 2 / 2
  return ({ labels }, errors) => {
    const probabilities = new Float64Array(errors.length * 2)
    for (const [row, error] of errors.entries()) {
      const score = separation * (labels[row] ?? 0) + error
      const likely = 1 / (1 + Math.exp(-(odds + separation * score)))
      probabilities[row * 2] = 1 - likely
      probabilities[row * 2 + 1] = likely
    }
    return { task: 'classification', labels, probabilities, classes: 2 }
  }
}
