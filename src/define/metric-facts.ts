import type { ClassificationMetric, CustomMetric, MetricName, MetricRule, QuantileLoss, RegressionMetric, StoredMargin } from './stored-definition.js'

/** What is known of a metric apart from how it is computed. */
export interface MetricFacts {
  /** As people write it. */
  readonly label: string
  /** `nearer-zero`: the sign says on which side a model errs, the size how much. */
  readonly better: 'lower' | 'higher' | 'nearer-zero'
  /** Shown in percent. */
  readonly isShare?: boolean
  /** Its ratio means nothing: margins are absolute. */
  readonly isAbsolute?: boolean
  /** What its values are in, where that is known. */
  readonly unit?: string
}

/** A metric, with what the definition says of it where it is the user's own. Every rule about one is one. */
export type Measure = Pick<MetricRule, 'metric' | 'custom'>

type PlainMetric = RegressionMetric | ClassificationMetric

const facts: Readonly<Record<PlainMetric, MetricFacts>> = {
  mae: { label: 'MAE', better: 'lower' },
  rmse: { label: 'RMSE', better: 'lower' },
  mape: { label: 'MAPE', better: 'lower', isShare: true },
  smape: { label: 'sMAPE', better: 'lower', isShare: true },
  medianAbsoluteError: { label: 'median absolute error', better: 'lower' },
  r2: { label: 'R²', better: 'higher', isAbsolute: true },
  bias: { label: 'bias', better: 'nearer-zero' },
  accuracy: { label: 'accuracy', better: 'higher', isShare: true },
  balancedAccuracy: { label: 'balanced accuracy', better: 'higher', isShare: true },
  logLoss: { label: 'log loss', better: 'lower' },
  rocAuc: { label: 'ROC AUC', better: 'higher', isAbsolute: true },
  prAuc: { label: 'PR AUC', better: 'higher', isAbsolute: true },
  f1: { label: 'F1', better: 'higher' },
  precision: { label: 'precision', better: 'higher', isShare: true },
  recall: { label: 'recall', better: 'higher', isShare: true },
  brier: { label: 'Brier score', better: 'lower' },
  calibrationError: { label: 'calibration error', better: 'lower', isShare: true, isAbsolute: true },
}

export function factsOf({ metric, custom }: Measure): MetricFacts {
  const quantile = quantileOf(metric)
  if (quantile !== undefined) return { label: `quantile loss at ${quantile}`, better: 'lower' }
  const name = customNameOf(metric)
  if (name !== undefined) return { label: name, better: custom?.better ?? 'lower', ...(custom?.unit === undefined ? {} : { unit: custom.unit }) }
  return isPlain(metric) ? facts[metric] : { label: metric, better: 'lower' }
}

/** EVIDENCE rule 2: 3 % relative, and 0.01 absolute where a ratio means nothing or 3 % of a share near 1 would be much. */
export function defaultMargin(measure: Measure): StoredMargin {
  const { better, isAbsolute = false } = factsOf(measure)
  return isAbsolute || (better === 'higher' && measure.custom === undefined) ? { absolute: 0.01 } : { relative: 0.03 }
}

/** The quantile whose loss a metric is; undefined for others. */
export function quantileOf(metric: MetricName): number | undefined {
  return isQuantileLoss(metric) ? Number(metric.slice('quantileLoss:'.length)) : undefined
}

export function isQuantileLoss(metric: MetricName): metric is QuantileLoss {
  return metric.startsWith('quantileLoss:')
}

/** The name of a metric of the user's own; undefined for others. */
export function customNameOf(metric: string): string | undefined {
  return metric.startsWith('custom:') ? metric.slice('custom:'.length) : undefined
}

export function customMetric(name: string): CustomMetric {
  return `custom:${name}`
}

function isPlain(metric: MetricName): metric is PlainMetric {
  return Object.hasOwn(facts, metric)
}
