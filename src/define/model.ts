import type { Columns } from './column.js'
import type { Contract } from './contract.js'
import type { Delivery } from './delivery.js'
import type { Deployment } from './deployment.js'
import type { Format } from './format.js'
import type { Duration, Share } from './measures.js'
import type { PredictionLog } from './prediction-log.js'
import type { PreparedColumns } from './prepared-row.js'
import { metricsFor, type Metrics, type Rule } from './metric-rules.js'
import type { Split } from './split.js'
import type { AdapterReference, ApprovalWhen, CatchUp, InvocationsDialect, StoredMetric, Task } from './stored-definition.js'

/** What starts a run besides `refit run`. */
export type Trigger =
  | { readonly kind: 'arrival' }
  | { readonly kind: 'definition' }
  | { readonly kind: 'schedule'; readonly cron: string; readonly timeZone: string; readonly catchUp: CatchUp }

/** A run as soon as a drop has arrived. */
export function onArrival(): Trigger {
  return { kind: 'arrival' }
}

/**
 * A run when Refit starts with a definition that makes, or judges, another model than the one before. Where a model runs,
 * when, and with which limits does not count.
 */
export function onDefinitionChange(): Trigger {
  return { kind: 'definition' }
}

/**
 * A run at every occurrence of a cron expression in a time zone (default UTC). `catchUp` says what becomes of
 * occurrences that passed while nothing ran: `skip`, `once` (default) or `each`.
 */
export function schedule(cron: string, options: { readonly timeZone?: string; readonly catchUp?: CatchUp } = {}): Trigger {
  return { kind: 'schedule', cron, timeZone: options.timeZone ?? 'UTC', catchUp: options.catchUp ?? 'once' }
}

/** Limits of the processes that a run starts. */
export interface Limits {
  /** Longest time of one training; default 1 hour. */
  readonly trainTime?: Duration
  /** Largest memory of a training with all its processes, in megabytes; default 4,000. */
  readonly trainMemory?: number
  /** Largest memory of the process that reads drops and cuts the sets, in megabytes; default 2,000. */
  readonly dataMemory?: number
}

/** When someone has to approve a version; what is not approved when it expires is declined by itself. Default: it waits for ever. */
export type Approval = ApprovalWhen | { readonly when: Exclude<ApprovalWhen, 'never'>; readonly expires?: Duration }

/** One model's lifecycle, as the project file defines it. */
export interface ModelDefinition<T extends Task = Task, C extends Columns = Columns, N extends string = string> {
  readonly task: T
  readonly columns: C
  /** What a drop as a whole must keep, and how closely it is compared with the accepted history. */
  readonly contract?: Contract<C>
  /** How CSV files are to be read; default: as each of them tells. */
  readonly format?: Format<keyof C & string>
  readonly source: AdapterReference
  /** What a drop means beside the former ones; default `append()`. */
  readonly delivery?: Delivery
  /** Which part of the history a run sees: `'all'` (default), a duration back from the newest row, or the last rows. */
  readonly window?: 'all' | Duration | { readonly rows: number }
  /** Default `byGroup()`. */
  readonly split?: Split
  /** Share of the groups (else keys, else rows) that never train, validate or test: candidates are scored on them for information. */
  readonly holdout?: Share
  /** A module of the project whose default export makes the row that the model takes of one that arrives. */
  readonly prepare?: string
  /** The columns that it gives; `column.ignored()` takes one out. Needed with `prepare`. */
  readonly prepared?: PreparedColumns<NoInfer<C>>
  readonly train: AdapterReference
  /** Whether a candidate that the check lets through is trained once more, on every row but the holdout, before it becomes a version; default false. */
  readonly refitOnAll?: boolean
  /** Metrics of your own, by name. */
  readonly metrics?: Readonly<Record<N, StoredMetric>>
  /** Default: not worse than the champion, and better than the trivial baseline. */
  readonly check?: (m: Metrics<T, C, NoInfer<N>>) => readonly Rule[]
  /** Whether a candidate that breaks a threshold replaces a champion that breaks it too, if it is proven better; default false. */
  readonly replaceIfBetter?: boolean
  /** Whether someone has to approve a version before it serves: `never` (default), `always`, `when-inconclusive`; and until when. */
  readonly approval?: Approval
  /** How a version comes into traffic beside a champion: `'at-once'` (default), `canary(…)` or `shadow(…)`. */
  readonly deploy?: Deployment
  /** Time without a drop after which one is overdue, which is told to those whom the project notifies; default: never. */
  readonly dropsOverdueAfter?: Duration
  /** Default `[onArrival()]`. */
  readonly triggers?: readonly Trigger[]
  readonly limits?: Limits
  /** How `/invocations` of the endpoint understands its callers: `mlflow` (default) or `sagemaker`. */
  readonly dialect?: InvocationsDialect
  /** What becomes of a candidate that breaks clients which `refit types` has written: `'refuse'` (default) or `'allow'`. */
  readonly brokenClients?: 'refuse' | 'allow'
  /** What is kept of the endpoint's answers: default a tenth of them, with all features, for 90 days; `'off'`: nothing. */
  readonly predictionLog?: 'off' | PredictionLog<keyof C & string>
}

/** A model whose `check` has been called: plain data. */
export type EvaluatedModel = Omit<ModelDefinition, 'check'> & { readonly check?: readonly Rule[] }

/** Defines a model. The columns give the names, the task the metrics that `check` can use. */
export function defineModel<const T extends Task, const C extends Columns, const N extends string = never>(definition: ModelDefinition<T, C, N>): EvaluatedModel {
  const { check, ...rest } = definition
  return { ...rest, ...(check === undefined ? {} : { check: [...check(metricsFor<T, C, N>())] }) }
}
