import { Type, type Static } from 'typebox'
import { StoredTarget } from './notify.js'
import { OwnRule } from './own-rule-schema.js'
import { S3Access } from './s3-location.js'
import { StoredDeployment } from './stored-deployment.js'
import { StoredPredictionLog } from './stored-prediction-log.js'

export { OwnRule } from './own-rule-schema.js'

/**
 * What the helpers of the project file evaluate to: plain, validated JSON with every default filled in.
 * It is stored with each run; readers accept all former format versions.
 */

/** A column's part: `feature` (default), `key` identifies a row, `group` names rows that stay together, `weight` says how much a row counts. */
export const ColumnRole = Type.Union([
  Type.Literal('feature'),
  Type.Literal('key'),
  Type.Literal('group'),
  Type.Literal('time'),
  Type.Literal('target'),
  Type.Literal('weight'),
  Type.Literal('ignored'),
])
export type ColumnRole = Static<typeof ColumnRole>

/** A column's type under the contract. `category` and `text` are strings; only categories are features. */
export const ColumnType = Type.Union([
  Type.Literal('number'),
  Type.Literal('category'),
  Type.Literal('boolean'),
  Type.Literal('text'),
  Type.Literal('time'),
])
export type ColumnType = Static<typeof ColumnType>

export const StoredColumn = Type.Object(
  {
    type: ColumnType,
    role: ColumnRole,
    /** Whether a value may be missing. */
    optional: Type.Boolean(),
    /** Smallest and largest allowed value of a number, inclusive. */
    min: Type.Optional(Type.Number()),
    max: Type.Optional(Type.Number()),
    /** Allowed categories; absent: any. */
    values: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
    /** Smallest and largest allowed length of a text, in characters. */
    minLength: Type.Optional(Type.Integer({ minimum: 0 })),
    maxLength: Type.Optional(Type.Integer({ minimum: 0 })),
    /** RE2; the whole of a text must match. */
    pattern: Type.Optional(Type.String()),
    /** Whether no two rows of a drop may have the same value. */
    unique: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)
export type StoredColumn = Static<typeof StoredColumn>

/** How closely a drop is compared with the accepted history. */
export const PlausibilityLevel = Type.Union([Type.Literal('strict'), Type.Literal('standard'), Type.Literal('loose'), Type.Literal('off')])
export type PlausibilityLevel = Static<typeof PlausibilityLevel>

/** What becomes of columns that the project file does not name. */
export const OtherColumns = Type.Union([Type.Literal('refuse'), Type.Literal('ignore'), Type.Literal('infer')])
export type OtherColumns = Static<typeof OtherColumns>

/** What a drop as a whole must keep. */
export const StoredContract = Type.Object({
  rows: Type.Object({ min: Type.Optional(Type.Integer({ minimum: 0 })), max: Type.Optional(Type.Integer({ minimum: 1 })) }),
  /** How old the newest row may be when the drop arrives. */
  freshnessMilliseconds: Type.Optional(Type.Integer({ minimum: 1 })),
  /** `columns` has those whose level is another. */
  plausibility: Type.Object({ level: PlausibilityLevel, columns: Type.Record(Type.String(), PlausibilityLevel) }),
  /** Absent: they are refused. */
  otherColumns: Type.Optional(OtherColumns),
})
export type StoredContract = Static<typeof StoredContract>

/** What held before definitions could say so. */
export const plainContract: StoredContract = { rows: {}, plausibility: { level: 'standard', columns: {} } }

export const Encoding = Type.Union([
  Type.Literal('utf-8'),
  Type.Literal('utf-16le'),
  Type.Literal('utf-16be'),
  Type.Literal('latin-1'),
  Type.Literal('windows-1252'),
])
export type Encoding = Static<typeof Encoding>

/** How files are to be read; what is absent is found in each file. */
export const StoredFormat = Type.Object(
  {
    delimiter: Type.Optional(Type.String({ minLength: 1, maxLength: 1 })),
    quote: Type.Optional(Type.String({ maxLength: 1 })),
    encoding: Type.Optional(Encoding),
    header: Type.Optional(Type.Boolean()),
    columns: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
  },
  { additionalProperties: false },
)
export type StoredFormat = Static<typeof StoredFormat>

/** An adapter by kind, with options that the adapter's own schema has validated. */
export const AdapterReference = Type.Object(
  { kind: Type.String(), options: Type.Record(Type.String(), Type.Unknown()) },
  { additionalProperties: false },
)
export type AdapterReference = Static<typeof AdapterReference>

/** Which rows of the history a run sees; durations count back from the newest plausible time in the data. */
export const StoredWindow = Type.Union([
  Type.Object({ kind: Type.Literal('all') }),
  Type.Object({ kind: Type.Literal('rows'), rows: Type.Integer({ minimum: 1 }) }),
  Type.Object({ kind: Type.Literal('duration'), milliseconds: Type.Integer({ minimum: 1 }) }),
])
export type StoredWindow = Static<typeof StoredWindow>

/** Shares are of groups, in (0, 1); durations are milliseconds of the data's own time. */
export const StoredSplit = Type.Union([
  Type.Object({
    kind: Type.Literal('group'),
    test: Type.Number(),
    validation: Type.Number(),
    /** A column of which every value is to have the same shares. */
    stratify: Type.Optional(Type.String()),
  }),
  Type.Object({
    kind: Type.Literal('time'),
    testMilliseconds: Type.Integer({ minimum: 1 }),
    gapMilliseconds: Type.Integer({ minimum: 0 }),
    validation: Type.Number(),
  }),
  Type.Object({
    kind: Type.Literal('groupAndTime'),
    testMilliseconds: Type.Integer({ minimum: 1 }),
    /** Share of the groups that test. */
    groups: Type.Number(),
    gapMilliseconds: Type.Integer({ minimum: 0 }),
    validation: Type.Number(),
  }),
])
export type StoredSplit = Static<typeof StoredSplit>

/**
 * What a drop means beside the former ones: more rows, the whole table, or the newest state of the rows of its keys. A row
 * whose `deleted` column is true takes its key out.
 */
export const StoredDelivery = Type.Union([
  Type.Object({ kind: Type.Literal('append') }, { additionalProperties: false }),
  Type.Object({ kind: Type.Literal('replace') }, { additionalProperties: false }),
  Type.Object({ kind: Type.Literal('upsert'), deleted: Type.Optional(Type.String()) }, { additionalProperties: false }),
])
export type StoredDelivery = Static<typeof StoredDelivery>

export const RegressionMetric = Type.Union([
  Type.Literal('mae'),
  Type.Literal('rmse'),
  Type.Literal('mape'),
  Type.Literal('smape'),
  Type.Literal('medianAbsoluteError'),
  Type.Literal('r2'),
  Type.Literal('bias'),
])
export const ClassificationMetric = Type.Union([
  Type.Literal('accuracy'),
  Type.Literal('balancedAccuracy'),
  Type.Literal('logLoss'),
  Type.Literal('rocAuc'),
  Type.Literal('prAuc'),
  Type.Literal('f1'),
  Type.Literal('precision'),
  Type.Literal('recall'),
  Type.Literal('brier'),
  Type.Literal('calibrationError'),
])
/** A metric with a parameter is one of its own for each of its values, by which its figures are kept. */
export const QuantileLoss = Type.TemplateLiteral('quantileLoss:${number}')
export const CustomMetric = Type.TemplateLiteral('custom:${string}')
export type RegressionMetric = Static<typeof RegressionMetric>
export type ClassificationMetric = Static<typeof ClassificationMetric>
export type QuantileLoss = Static<typeof QuantileLoss>
export type CustomMetric = Static<typeof CustomMetric>
export type MetricName = RegressionMetric | ClassificationMetric | QuantileLoss | CustomMetric
export const AnyMetric = Type.Union([RegressionMetric, ClassificationMetric, QuantileLoss, CustomMetric])

/** What the definition says of a metric of the user's own, beside its name. */
export const CustomFacts = Type.Object({ better: Type.Union([Type.Literal('lower'), Type.Literal('higher')]), unit: Type.Optional(Type.String()) }, { additionalProperties: false })
export type CustomFacts = Static<typeof CustomFacts>

/** A metric of the user's own: the module that measures a row. */
export const StoredMetric = Type.Object({ path: Type.String({ minLength: 1 }), ...CustomFacts.properties }, { additionalProperties: false })
export type StoredMetric = Static<typeof StoredMetric>

/** What every rule measures; `custom` beside a metric of the user's own, so that a verdict can be read by itself. */
const measured = { metric: AnyMetric, custom: Type.Optional(CustomFacts) }

/** A margin has a unit: relative to the champion's value, or absolute in the metric's own unit. */
export const StoredMargin = Type.Union([
  Type.Object({ relative: Type.Number({ exclusiveMinimum: 0 }) }, { additionalProperties: false }),
  Type.Object({ absolute: Type.Number({ exclusiveMinimum: 0 }) }, { additionalProperties: false }),
])
export type StoredMargin = Static<typeof StoredMargin>

/** A requirement on the candidate's figures on the test rows; EVIDENCE rules apply to each. */
export const MetricRule = Type.Union([
  Type.Object({
    kind: Type.Literal('threshold'),
    ...measured,
    bound: Type.Union([Type.Literal('atMost'), Type.Literal('atLeast')]),
    value: Type.Number(),
    /** Asks it of the interval's bound instead of the point estimate. */
    confidence: Type.Optional(Type.Number({ exclusiveMinimum: 0.5, exclusiveMaximum: 1 })),
    /** Asks it of every value of a column with enough rows. */
    slice: Type.Optional(Type.Object({ column: Type.String(), minimumRows: Type.Integer({ minimum: 1 }) })),
  }),
  Type.Object({
    kind: Type.Literal('champion'),
    ...measured,
    comparison: Type.Union([Type.Literal('notWorse'), Type.Literal('better')]),
    margin: StoredMargin,
    /** By time: the candidate must besides not be proven worse on the test rows that the champion was selected on. By group it always must. */
    ownRowsDecide: Type.Optional(Type.Literal(true)),
  }),
  Type.Object({ kind: Type.Literal('baseline'), ...measured }),
  Type.Object({
    kind: Type.Literal('between'),
    ...measured,
    column: Type.String(),
    minimumRows: Type.Integer({ minimum: 1 }),
    /** How far the metric of two values of the column may be apart. */
    limit: Type.Number({ exclusiveMinimum: 0 }),
  }),
])
export type MetricRule = Static<typeof MetricRule>

/** One requirement on the candidate. */
export const StoredRule = Type.Union([
  ...MetricRule.anyOf,
  Type.Object({
    kind: Type.Literal('latency'),
    milliseconds: Type.Number({ exclusiveMinimum: 0 }),
    /** Of one request. */
    rows: Type.Integer({ minimum: 1, maximum: 10_000 }),
    percentile: Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 100 }),
  }),
  Type.Object({ kind: Type.Literal('packageSize'), bytes: Type.Integer({ minimum: 1 }) }),
  OwnRule,
])
export type StoredRule = Static<typeof StoredRule>

/** What a verdict judges: the rules of the definition, beside one about the champion that its like do not sink (EVIDENCE rule 7), and that recorded clients go on. */
export const JudgedRule = Type.Union([
  ...StoredRule.anyOf,
  Type.Object({ kind: Type.Literal('creep'), ...measured, margin: StoredMargin }),
  Type.Object({ kind: Type.Literal('clients') }),
])
export type JudgedRule = Static<typeof JudgedRule>

/** The module that prepares rows, and the columns that it gives or, as `ignored`, takes out. */
export const StoredPrepare = Type.Object({
  path: Type.String({ minLength: 1 }),
  columns: Type.Record(Type.String(), StoredColumn),
})
export type StoredPrepare = Static<typeof StoredPrepare>

/** What to do about occurrences that passed while nothing ran: forget them, run once, or run for each. */
export const CatchUp = Type.Union([Type.Literal('skip'), Type.Literal('once'), Type.Literal('each')])
export type CatchUp = Static<typeof CatchUp>

export const StoredTrigger = Type.Union([
  Type.Object({ kind: Type.Literal('arrival') }),
  Type.Object({ kind: Type.Literal('definition') }),
  Type.Object({ kind: Type.Literal('schedule'), cron: Type.String(), timeZone: Type.String(), catchUp: CatchUp }),
])
export type StoredTrigger = Static<typeof StoredTrigger>

/** How the endpoint understands what is sent to /invocations: as MLflow's scoring server does, or a container of SageMaker. */
export const InvocationsDialect = Type.Union([Type.Literal('mlflow'), Type.Literal('sagemaker')])
export type InvocationsDialect = Static<typeof InvocationsDialect>

export const ApprovalWhen = Type.Union([Type.Literal('never'), Type.Literal('always'), Type.Literal('when-inconclusive')])
export type ApprovalWhen = Static<typeof ApprovalWhen>

/** Whether someone has to approve a version; with `expiresAfter`, milliseconds, it is declined by itself when nobody has by then. */
export const StoredApproval = Type.Union([ApprovalWhen, Type.Object({ when: Type.Union([Type.Literal('always'), Type.Literal('when-inconclusive')]), expiresAfter: Type.Integer({ minimum: 1 }) })])
export type StoredApproval = Static<typeof StoredApproval>

/** Limits of the processes a run starts. */
export const StoredLimits = Type.Object({
  /** Longest time of one training attempt, milliseconds. */
  trainMilliseconds: Type.Integer({ minimum: 1 }),
  /** Largest resident memory of a training attempt with all its children, bytes. */
  trainMemoryBytes: Type.Integer({ minimum: 1 }),
  /** Largest resident memory of the process that parses a drop, bytes. */
  dataMemoryBytes: Type.Integer({ minimum: 1 }),
})
export type StoredLimits = Static<typeof StoredLimits>

export const StoredModel = Type.Object({
  formatVersion: Type.Literal(1),
  name: Type.String({ pattern: '^[a-z][a-z0-9-]{0,62}$' }),
  task: Type.Union([Type.Literal('regression'), Type.Literal('classification')]),
  /** In the order of the definition. */
  columns: Type.Record(Type.String(), StoredColumn),
  /** Absent in definitions of former releases: `plainContract`. */
  contract: Type.Optional(StoredContract),
  format: Type.Optional(StoredFormat),
  source: AdapterReference,
  /** Absent: append. */
  delivery: Type.Optional(StoredDelivery),
  window: StoredWindow,
  split: StoredSplit,
  /** Share of the groups that are kept out of every set for ever; absent: none. */
  holdout: Type.Optional(Type.Number()),
  /** Absent: the model takes the features as they come. */
  prepare: Type.Optional(StoredPrepare),
  train: AdapterReference,
  /** What the check lets through is trained once more, on every row (EVIDENCE rule 14). Absent: the candidate itself becomes the version. */
  refitOnAll: Type.Optional(Type.Boolean()),
  /** Metrics of the user's own, by name; absent: none. */
  metrics: Type.Optional(Type.Record(Type.String(), StoredMetric)),
  check: Type.Array(StoredRule),
  /** A threshold that the champion breaks too does not keep out a candidate that is proven better. Absent: it does. */
  replaceIfBetter: Type.Optional(Type.Boolean()),
  approval: StoredApproval,
  /** How a version comes into traffic beside a champion; absent: at once. */
  deploy: Type.Optional(StoredDeployment),
  triggers: Type.Array(StoredTrigger),
  /** Time without a drop after which one is overdue; absent: never. */
  dropsOverdueMilliseconds: Type.Optional(Type.Integer({ minimum: 1 })),
  limits: StoredLimits,
  /** Absent: MLflow's. */
  dialect: Type.Optional(InvocationsDialect),
  /** Whether a version may break recorded clients; absent: it may not. */
  brokenClients: Type.Optional(Type.Literal('allow')),
  /** Absent: `plainPredictionLog`. */
  predictionLog: Type.Optional(StoredPredictionLog),
})
export type StoredModel = Static<typeof StoredModel>
export type Task = StoredModel['task']

/** Where objects are kept, if not in the state folder. */
export const StoredObjects = Type.Object({
  kind: Type.Literal('s3'),
  bucket: Type.String(),
  prefix: Type.String(),
  /** Secrets are references. */
  access: S3Access,
  /** What copies on local disk may take; what is in use may take more. */
  cacheBytes: Type.Integer({ minimum: 1 }),
})
export type StoredObjects = Static<typeof StoredObjects>

export const StoredProject = Type.Object({
  formatVersion: Type.Literal(1),
  /** The environment that it is for; absent: none. */
  environment: Type.Optional(Type.String()),
  /** Connection string, or undefined for the embedded server. */
  database: Type.Optional(Type.String()),
  /** Undefined for the state folder. */
  objects: Type.Optional(StoredObjects),
  /** Absent: nobody. */
  notify: Type.Optional(Type.Array(StoredTarget)),
  server: Type.Object({
    controlPort: Type.Integer({ minimum: 0, maximum: 65_535 }),
    servingPort: Type.Integer({ minimum: 0, maximum: 65_535 }),
    /** Processes that answer there. */
    servingProcesses: Type.Integer({ minimum: 1 }),
    /** A duration: a request for predictions is answered within it, or fails. */
    answerWithin: Type.String(),
    /** Address both bind to; anything but loopback needs tokens. */
    bind: Type.String(),
    /** Further names that the Host and Origin headers may carry. */
    hosts: Type.Array(Type.String()),
    origins: Type.Array(Type.String()),
    /** The model for which /invocations speaks; absent: for none. */
    invocations: Type.Optional(Type.String()),
  }),
  models: Type.Record(Type.String(), StoredModel),
})
export type StoredProject = Static<typeof StoredProject>
