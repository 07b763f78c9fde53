import type { Columns, SliceColumn } from './column.js'
import type { ClassificationMetric, MetricName, RegressionMetric, StoredMargin, StoredRule, Task } from './stored-definition.js'

/** A requirement on the candidate, as `check` returns it. */
export type Rule = StoredRule

interface Confidence {
  /** Asks it of the interval's bound at this confidence instead of the point estimate, e.g. 0.95. */
  readonly confidence?: number
}

interface SliceRules {
  /** The metric may be at most this for each value of the column: one fails only if it is proven to be beyond. */
  atMost(value: number): Rule
  /** The metric must be at least this for each value of the column: one fails only if it is proven to be below. */
  atLeast(value: number): Rule
}

interface ThresholdRules extends SliceRules {
  /** The metric may be at most this on the test set. */
  atMost(value: number, options?: Confidence): Rule
  /** The metric must be at least this on the test set. */
  atLeast(value: number, options?: Confidence): Rule
}

interface MetricRules extends ThresholdRules {
  /** The candidate may not be worse than the champion by more than the margin; default 3 % relative, 0.01 absolute where a ratio means nothing. */
  notWorseThanChampion(margin?: StoredMargin): Rule
  /** The candidate must be proven better than the champion. */
  betterThanChampion(): Rule
  /** The candidate must be proven better than the mean, or the shares of the classes, of the training target. */
  betterThanBaseline(): Rule
}

type MetricOf<T extends Task> = T extends 'regression' ? RegressionMetric : ClassificationMetric

/** What `check` is called with: the metrics of the task, and slices by the columns of the model. */
export type Metrics<T extends Task, C extends Columns> = { readonly [M in MetricOf<T>]: MetricRules } & {
  /** Asks a threshold of every value of a column that has enough test rows (default 30). */
  each(column: SliceColumn<C>, options?: { readonly minimumRows?: number }): { readonly [M in MetricOf<T>]: SliceRules }
}

const DEFAULT_MINIMUM_ROWS = 30
const absoluteByDefault: ReadonlySet<string> = new Set<MetricName>(['r2', 'accuracy', 'balancedAccuracy', 'rocAuc', 'f1'])
type EveryMetric = Readonly<Record<MetricName, MetricRules>> & {
  each(column: string, options?: { readonly minimumRows?: number }): Readonly<Record<MetricName, SliceRules>>
}

/** The metrics that `check` is called with. All are there; which ones a task has is a matter of types, and of validation. */
export function metricsFor<T extends Task, C extends Columns>(): Metrics<T, C>
export function metricsFor(): EveryMetric {
  const rules = (metric: MetricName): MetricRules => ({
    ...thresholds(metric),
    notWorseThanChampion: (margin = defaultMargin(metric)) => ({ kind: 'champion', metric, comparison: 'notWorse', margin }),
    betterThanChampion: () => ({ kind: 'champion', metric, comparison: 'better', margin: defaultMargin(metric) }),
    betterThanBaseline: () => ({ kind: 'baseline', metric }),
  })
  return {
    ...byMetric(rules),
    each: (column, { minimumRows = DEFAULT_MINIMUM_ROWS } = {}) => byMetric((metric) => thresholds(metric, { column, minimumRows })),
  }
}

function defaultMargin(metric: MetricName): StoredMargin {
  return absoluteByDefault.has(metric) ? { absolute: 0.01 } : { relative: 0.03 }
}

function thresholds(metric: MetricName, slice?: { column: string; minimumRows: number }): ThresholdRules {
  const threshold = (bound: 'atMost' | 'atLeast', value: number, { confidence }: Confidence = {}): Rule => ({
    kind: 'threshold',
    metric,
    bound,
    value,
    ...(confidence === undefined ? {} : { confidence }),
    ...(slice === undefined ? {} : { slice }),
  })
  return {
    atMost: (value, options) => threshold('atMost', value, options),
    atLeast: (value, options) => threshold('atLeast', value, options),
  }
}

function byMetric<R>(rulesOf: (metric: MetricName) => R): Record<MetricName, R> {
  return {
    mae: rulesOf('mae'),
    rmse: rulesOf('rmse'),
    mape: rulesOf('mape'),
    medianAbsoluteError: rulesOf('medianAbsoluteError'),
    r2: rulesOf('r2'),
    accuracy: rulesOf('accuracy'),
    balancedAccuracy: rulesOf('balancedAccuracy'),
    logLoss: rulesOf('logLoss'),
    rocAuc: rulesOf('rocAuc'),
    f1: rulesOf('f1'),
    brier: rulesOf('brier'),
  }
}
