import type { Columns, SliceColumn } from './column.js'
import { customMetric, defaultMargin, type Measure } from './metric-facts.js'
import type { Duration, Size } from './measures.js'
import type { WrittenRule } from './resolve-rules.js'
import type { ClassificationMetric, MetricName, RegressionMetric, StoredMargin, Task } from './stored-definition.js'

/** A requirement on the candidate, as `check` returns it. */
export type Rule = WrittenRule

interface Confidence {
  /** Asks it of the interval's bound at this confidence instead of the point estimate, e.g. 0.95. */
  readonly confidence?: number
}

interface OwnRows {
  /**
   * The candidate must besides not be proven worse, by more than the margin, on the test rows that the champion was
   * selected on. By group this always holds; with `byTime` those rows are older, and are shown only.
   */
  readonly ownRowsDecide?: true
}

/** Where a ratio means nothing. */
type AbsoluteMargin = Extract<StoredMargin, { absolute: number }>

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

interface BetweenRules {
  /** How far the metric of two values of the column may be apart, in the metric's own unit: two fail only if they are proven to be farther. */
  differAtMost(limit: number): Rule
}

interface LatencyRules {
  /**
   * How long the candidate may take for a request, as the check measures it: of `rows` rows (default 1), at this
   * percentile of the requests (default 95).
   */
  atMost(limit: Duration, options?: { readonly rows?: number; readonly percentile?: number }): Rule
}

interface PackageSizeRules {
  /** How large the files of the candidate's package may be together. */
  atMost(limit: Size): Rule
}

/** What is asked of the package that will serve, whatever the task. */
interface ServingRules {
  readonly latency: LatencyRules
  readonly packageSize: PackageSizeRules
}

interface MetricRules<Margin extends StoredMargin = StoredMargin> extends ThresholdRules {
  /** The candidate may not be worse than the champion by more than the margin; default 3 % relative, 0.01 absolute where a ratio means nothing. */
  notWorseThanChampion(margin?: Margin, options?: OwnRows): Rule
  /** The candidate must be proven better than the champion. */
  betterThanChampion(options?: OwnRows): Rule
  /** The candidate must be proven better than the mean, or the shares of the classes, of the training target. */
  betterThanBaseline(): Rule
}

type MarginOf<M extends MetricName> = M extends 'r2' | 'rocAuc' | 'prAuc' | 'calibrationError' ? AbsoluteMargin : StoredMargin

type MetricOf<T extends Task> = T extends 'regression' ? RegressionMetric : ClassificationMetric

/** The metrics of a task, each with what can be asked of it. */
type ByMetric<T extends Task, N extends string, Rules> = { readonly [M in MetricOf<T>]: Rules } & (T extends 'regression' ? QuantileRules<Rules> : unknown) & CustomRules<N, Rules>

interface CustomRules<N extends string, Rules> {
  /** A metric of your own, by its name in `metrics`. */
  custom(name: N): Rules
}

interface QuantileRules<Rules> {
  /** The loss of predicting this quantile of the target, above 0 and below 1: at 0.9 what is predicted too low costs nine times as much. */
  quantileLoss(quantile: number): Rules
}

/** What `check` is called with: the metrics of the task, and slices by the columns of the model. */
export type Metrics<T extends Task, C extends Columns, N extends string = never> = { readonly [M in MetricOf<T>]: MetricRules<MarginOf<M>> } & (T extends 'regression' ? QuantileRules<MetricRules> : unknown) & CustomRules<N, MetricRules> & ServingRules & {
  /** Asks a threshold of every value of a column that has enough test rows (default 30). */
  each(column: SliceColumn<C>, options?: { readonly minimumRows?: number }): ByMetric<T, N, SliceRules>
  /** Compares the values of a column that have enough test rows (default 30) with one another. */
  between(column: SliceColumn<C>, options?: { readonly minimumRows?: number }): ByMetric<T, N, BetweenRules>
}

const DEFAULT_MINIMUM_ROWS = 30

type EveryMetric<Rules> = Readonly<Record<RegressionMetric | ClassificationMetric, Rules>> & QuantileRules<Rules> & CustomRules<string, Rules>
type EveryRule = EveryMetric<MetricRules> & ServingRules & {
  each(column: string, options?: { readonly minimumRows?: number }): EveryMetric<SliceRules>
  between(column: string, options?: { readonly minimumRows?: number }): EveryMetric<BetweenRules>
}

/** The metrics that `check` is called with. All are there; which ones a task has is a matter of types, and of validation. */
export function metricsFor<T extends Task, C extends Columns, N extends string>(): Metrics<T, C, N>
export function metricsFor(): EveryRule {
  const rules = (measure: Measure): MetricRules => ({
    ...thresholds(measure),
    notWorseThanChampion: (margin = defaultMargin(measure), options = {}) => ({ kind: 'champion', ...measure, comparison: 'notWorse', margin, ...options }),
    betterThanChampion: (options = {}) => ({ kind: 'champion', ...measure, comparison: 'better', margin: defaultMargin(measure), ...options }),
    betterThanBaseline: () => ({ kind: 'baseline', ...measure }),
  })
  return {
    ...byMetric(rules),
    each: (column, { minimumRows = DEFAULT_MINIMUM_ROWS } = {}) => byMetric((measure) => thresholds(measure, { column, minimumRows })),
    between: (column, { minimumRows = DEFAULT_MINIMUM_ROWS } = {}) => byMetric((measure) => ({ differAtMost: (limit) => ({ kind: 'between', ...measure, column, minimumRows, limit }) })),
    latency: { atMost: (atMost, { rows = 1, percentile = 95 } = {}) => ({ kind: 'latency', atMost, rows, percentile }) },
    packageSize: { atMost: (atMost) => ({ kind: 'packageSize', atMost }) },
  }
}

function thresholds(measure: Measure, slice?: { column: string; minimumRows: number }): ThresholdRules {
  const threshold = (bound: 'atMost' | 'atLeast', value: number, { confidence }: Confidence = {}): Rule => ({
    kind: 'threshold',
    ...measure,
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

function byMetric<Rules>(rulesOf: (measure: Measure) => Rules): EveryMetric<Rules> {
  return {
    mae: rulesOf({ metric: 'mae' }),
    rmse: rulesOf({ metric: 'rmse' }),
    mape: rulesOf({ metric: 'mape' }),
    smape: rulesOf({ metric: 'smape' }),
    medianAbsoluteError: rulesOf({ metric: 'medianAbsoluteError' }),
    r2: rulesOf({ metric: 'r2' }),
    bias: rulesOf({ metric: 'bias' }),
    quantileLoss: (quantile) => rulesOf({ metric: `quantileLoss:${quantile}` }),
    accuracy: rulesOf({ metric: 'accuracy' }),
    balancedAccuracy: rulesOf({ metric: 'balancedAccuracy' }),
    logLoss: rulesOf({ metric: 'logLoss' }),
    rocAuc: rulesOf({ metric: 'rocAuc' }),
    prAuc: rulesOf({ metric: 'prAuc' }),
    f1: rulesOf({ metric: 'f1' }),
    precision: rulesOf({ metric: 'precision' }),
    recall: rulesOf({ metric: 'recall' }),
    brier: rulesOf({ metric: 'brier' }),
    calibrationError: rulesOf({ metric: 'calibrationError' }),
    custom: (name) => rulesOf({ metric: customMetric(name) }),
  }
}
