import { Type, type Static } from 'typebox'
import { parseMilliseconds, parseSize } from './measures.js'
import { factsOf, quantileOf } from './metric-facts.js'
import { ClassificationMetric, MetricRule, OwnRule, RegressionMetric, type StoredColumn, type StoredRule, type Task } from './stored-definition.js'

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
  readonly fault: (where: string, message: string) => void
}

/** The rules with their limits in numbers; what does not go with the task or the columns is a fault at its place. */
export function resolveRules(check: readonly WrittenRule[], { task, columns, fault }: Definition): readonly StoredRule[] {
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
        checkMetricRule(rule, task, columns, report)
        return rule
    }
  })
}

function checkMetricRule(rule: MetricRule, task: Task, columns: Definition['columns'], report: (message: string) => void): void {
  const metrics: readonly string[] = (task === 'regression' ? RegressionMetric : ClassificationMetric).anyOf.map((literal) => literal.const)
  const quantile = task === 'regression' ? quantileOf(rule.metric) : undefined
  if (quantile === undefined && !metrics.includes(rule.metric)) report(`${rule.metric} is no metric of a ${task}; there are: ${metrics.join(', ')}`)
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
