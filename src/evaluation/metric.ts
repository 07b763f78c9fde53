import type { ClassificationMetric, MetricName, RegressionMetric, StoredMargin, Task } from '../define/stored-definition.js'
import { classificationEvaluator } from './classification-metrics.js'
import { regressionEvaluator } from './regression-metrics.js'
import type { Evaluator, Scored, Units } from './scored.js'

const higherIsBetter: ReadonlySet<MetricName> = new Set<MetricName>(['r2', 'accuracy', 'balancedAccuracy', 'rocAuc', 'f1'])

const labels: Readonly<Record<MetricName, string>> = {
  mae: 'MAE',
  rmse: 'RMSE',
  mape: 'MAPE',
  medianAbsoluteError: 'median absolute error',
  r2: 'R²',
  accuracy: 'accuracy',
  balancedAccuracy: 'balanced accuracy',
  logLoss: 'log loss',
  rocAuc: 'ROC AUC',
  f1: 'F1',
  brier: 'Brier score',
}

export const regressionMetrics: readonly RegressionMetric[] = ['mae', 'rmse', 'mape', 'medianAbsoluteError', 'r2']
export const classificationMetrics: readonly ClassificationMetric[] = ['accuracy', 'balancedAccuracy', 'logLoss', 'rocAuc', 'f1', 'brier']

/** -1 where less is better, 1 where more is. */
export function directionOf(metric: MetricName): 1 | -1 {
  return higherIsBetter.has(metric) ? 1 : -1
}

/** As people write it. */
export function labelOf(metric: MetricName): string {
  return labels[metric]
}

/** The metric that decides where a definition names none. */
export function primaryMetricOf(task: Task): MetricName {
  return task === 'regression' ? 'mae' : 'logLoss'
}

export function metricsOf(task: Task): readonly MetricName[] {
  return task === 'regression' ? regressionMetrics : classificationMetrics
}

/** EVIDENCE rule 2: 3 % relative, and 0.01 absolute for metrics whose ratio means nothing. */
export function defaultMargin(metric: MetricName): StoredMargin {
  return higherIsBetter.has(metric) ? { absolute: 0.01 } : { relative: 0.03 }
}

/** @throws Error when metric and task do not belong together; validation has excluded it */
export function evaluatorOf(metric: MetricName, scored: Scored, units: Units): Evaluator {
  if (scored.task === 'regression') {
    const found = regressionMetrics.find((name) => name === metric)
    if (found !== undefined) return regressionEvaluator(found, scored, units)
  } else {
    const found = classificationMetrics.find((name) => name === metric)
    if (found !== undefined) return classificationEvaluator(found, scored, units)
  }
  throw new Error(`${metric} is no metric of a ${scored.task}`)
}
