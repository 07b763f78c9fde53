import { Type, type Static } from 'typebox'
import { parseMilliseconds, parseSize } from './measures.js'
import { customNameOf, factsOf, quantileOf } from './metric-facts.js'
import { ClassificationMetric, MetricRule, OwnRule, RegressionMetric, type StoredColumn, type StoredMetric, type StoredRule, type Task } from './stored-definition.js'

/** A rule as it leaves the project file: limits of time and size are texts. */
export const WrittenRule = Type.Union([
  ...MetricRule.anyOf,
  Type.Object(
    {
      kind: Type.Literal('latency'),
      atMost: Type.String(),
      rows: Type.Integer({ minimum: 1, maximum: 10_000 }),
      percentile: Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 100 }),
    },
    { additionalProperties: false },
  ),
  Type.Object({ kind: Type.Literal('packageSize'), atMost: Type.String() }, { additionalProperties: false }),
  OwnRule,
])
export type WrittenRule = Static<typeof WrittenRule>

interface Definition {
  readonly task: Task
  readonly columns: Readonly<Record<string, Pick<StoredColumn, 'type'>>>
  /** Of the user's own. */
  readonly metrics?: Readonly<Record<string, StoredMetric>> | undefined
  readonly fault: (where: string, message: string) => void
}

/** The rules with their limits in numbers; what does not go with the task or the columns is a fault at its place. */
export function resolveRules(check: readonly WrittenRule[], { task, columns, metrics = {}, fault }: Definition): readonly StoredRule[] {
  for (const name of Object.keys(metrics)) if (!/^[A-Za-z]\w{0,62}$/.test(name)) fault(`metrics.${name}`, 'a name of a metric has letters, digits and underscores, from a letter on')
  return check.map((rule, index) => {
    const report = (message: string): void => fault(`check[${index}]`, message)
    switch (rule.kind) {
      case 'latency': {
        const milliseconds = parseMilliseconds(rule.atMost)
        if (milliseconds === undefined) report(`"${rule.atMost}" is no duration; write e.g. '5 milliseconds'`)
        return { kind: 'latency', milliseconds: milliseconds ?? 1, rows: rule.rows, percentile: rule.percentile }
      }
      case 'packageSize': {
        const bytes = parseSize(rule.atMost)
        if (bytes === undefined) report(`"${rule.atMost}" is no size; write e.g. '50 MB'`)
        return { kind: 'packageSize', bytes: bytes ?? 1 }
      }
      case 'own':
        return rule
      default:
        checkMetricRule(rule, { task, columns, metrics }, report)
        return withFacts(rule, metrics)
    }
  })
}

/** A rule about a metric of the user's own has what the definition says of that. */
function withFacts({ custom: _custom, ...rule }: MetricRule, metrics: NonNullable<Definition['metrics']>): MetricRule {
  const own = metrics[customNameOf(rule.metric) ?? '']
  return own === undefined ? rule : { ...rule, custom: { better: own.better, ...(own.unit === undefined ? {} : { unit: own.unit }) } }
}

function checkMetricRule(rule: MetricRule, { task, columns, metrics: own = {} }: Omit<Definition, 'fault'>, report: (message: string) => void): void {
  const metrics: readonly string[] = (task === 'regression' ? RegressionMetric : ClassificationMetric).anyOf.map((literal) => literal.const)
  const quantile = task === 'regression' ? quantileOf(rule.metric) : undefined
  const name = customNameOf(rule.metric)
  if (name !== undefined && !Object.hasOwn(own, name)) report(`${name} is no metric of this model; there are: ${Object.keys(own).join(', ') || 'none'}`)
  if (name === undefined && quantile === undefined && !metrics.includes(rule.metric)) report(`${rule.metric} is no metric of a ${task}; there are: ${metrics.join(', ')}`)
  if (quantile !== undefined && !(quantile > 0 && quantile < 1)) report(`${quantile} is no quantile: it is above 0 and below 1`)
  if (rule.kind === 'champion' && 'relative' in rule.margin && factsOf(rule).isAbsolute === true) {
    report(`a ratio of ${rule.metric} means nothing: its margin is absolute, e.g. { absolute: 0.01 }`)
  }
  const column = rule.kind === 'between' ? rule.column : rule.kind === 'threshold' ? rule.slice?.column : undefined
  const type = column === undefined ? undefined : columns[column]?.type
  if (column !== undefined && type !== 'category' && type !== 'boolean') report(`slices need a category or boolean column; ${column} is none`)
  if (rule.kind === 'threshold' && rule.slice !== undefined && rule.confidence !== undefined) {
    report('a rule for each value of a column takes no confidence: a value fails only if it is proven to be beyond the limit')
  }
}
