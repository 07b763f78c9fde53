import { customMetric, customNameOf, factsOf, isQuantileLoss, type Measure } from '../define/metric-facts.js'
import type { ClassificationMetric, MetricName, RegressionMetric, Task } from '../define/stored-definition.js'
import { classificationEvaluator, confusionOf } from './classification-metrics.js'
import { customEvaluator } from './custom-evaluator.js'
import { regressionEvaluator } from './regression-metrics.js'
import type { Evaluator } from './evaluator.js'
import type { Scored, Units } from './scored.js'
import type { Sums } from './tally.js'

export const regressionMetrics: readonly RegressionMetric[] = ['mae', 'rmse', 'mape', 'smape', 'medianAbsoluteError', 'r2', 'bias']
export const classificationMetrics: readonly ClassificationMetric[] = ['accuracy', 'balancedAccuracy', 'logLoss', 'rocAuc', 'prAuc', 'f1', 'precision', 'recall', 'brier', 'calibrationError']

/** -1 where less is better, 1 where more is, 0 where what is nearer to zero is. */
export type Direction = 1 | -1 | 0

export function directionOf(measure: Measure): Direction {
  const { better } = factsOf(measure)
  return better === 'higher' ? 1 : better === 'lower' ? -1 : 0
}

/** What limits and comparisons look at: the value, or its size where only that counts. */
export function sizeOf(measure: Measure, value: number): number {
  return directionOf(measure) === 0 ? Math.abs(value) : value
}

/** The metric that decides where a definition names none. */
export function primaryMetricOf(task: Task): MetricName {
  return task === 'regression' ? 'mae' : 'logLoss'
}

/** The metrics that every verdict has; another pass over all rows for PR AUC is made only where a rule asks for it. */
export function metricsOf(task: Task): readonly MetricName[] {
  return task === 'regression' ? regressionMetrics : classificationMetrics.filter((metric) => metric !== 'prAuc')
}

/** The metrics of the user's own that were measured of a model. */
export function customMetricsOf({ custom = {} }: Scored): readonly MetricName[] {
  return Object.keys(custom).map(customMetric)
}

/** The evaluators of several metrics of one model on the same rows: what more than one of them needs is tallied once. */
export function evaluatorsOf(metrics: readonly MetricName[], scored: Scored, units: Units): readonly Evaluator[] {
  let sums: Sums | undefined
  const confusion = scored.task === 'regression' ? undefined : (): Sums => (sums ??= confusionOf(scored, units))
  return metrics.map((metric) => evaluatorOf(metric, scored, units, confusion))
}

/** @throws Error when metric and task do not belong together; validation has excluded it */
export function evaluatorOf(metric: MetricName, scored: Scored, units: Units, confusion?: () => Sums): Evaluator {
  const own = customNameOf(metric)
  if (own !== undefined) return customEvaluator(scored.custom?.[own], units)
  if (scored.task === 'regression') {
    const found = isQuantileLoss(metric) ? metric : regressionMetrics.find((name) => name === metric)
    if (found !== undefined) return regressionEvaluator(found, scored, units)
  } else {
    const found = classificationMetrics.find((name) => name === metric)
    if (found !== undefined) return classificationEvaluator(found, scored, units, confusion)
  }
  throw new Error(`${metric} is no metric of a ${scored.task}`)
}
