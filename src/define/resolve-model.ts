import { Cron } from 'croner'
import { Type, type Static, type TSchema } from 'typebox'
import type { Fault } from '../errors.js'
import { unfitName } from './column.js'
import { parseDuration, parseShare } from './measures.js'
import { structuralFaults } from './structural-faults.js'
import {
  AdapterReference,
  Approval,
  CatchUp,
  ClassificationMetric,
  ColumnRole,
  ColumnType,
  RegressionMetric,
  StoredRule,
  type StoredColumn,
  type StoredModel,
  type StoredSplit,
  type StoredWindow,
} from './stored-definition.js'

/** A model as it leaves the project file: plain data, nothing filled in. */
export const WrittenModel = Type.Object(
  {
    task: Type.Union([Type.Literal('regression'), Type.Literal('classification')]),
    columns: Type.Record(
      Type.String(),
      Type.Object(
        {
          type: ColumnType,
          role: ColumnRole,
          optional: Type.Optional(Type.Boolean()),
          min: Type.Optional(Type.Number()),
          max: Type.Optional(Type.Number()),
          values: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
        },
        { additionalProperties: false },
      ),
    ),
    source: AdapterReference,
    window: Type.Optional(Type.Union([Type.String(), Type.Object({ rows: Type.Integer({ minimum: 1 }) }, { additionalProperties: false })])),
    split: Type.Optional(
      Type.Union([
        Type.Object({ kind: Type.Literal('group'), test: Type.String(), validation: Type.String() }, { additionalProperties: false }),
        Type.Object(
          { kind: Type.Literal('time'), test: Type.String(), gap: Type.Optional(Type.String()), validation: Type.String() },
          { additionalProperties: false },
        ),
      ]),
    ),
    train: AdapterReference,
    check: Type.Optional(Type.Array(StoredRule)),
    approval: Type.Optional(Approval),
    triggers: Type.Optional(
      Type.Array(
        Type.Union([
          Type.Object({ kind: Type.Literal('arrival') }, { additionalProperties: false }),
          Type.Object(
            { kind: Type.Literal('schedule'), cron: Type.String(), timeZone: Type.String(), catchUp: CatchUp },
            { additionalProperties: false },
          ),
        ]),
      ),
    ),
    limits: Type.Optional(
      Type.Object(
        {
          trainTime: Type.Optional(Type.String()),
          trainMemory: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
          dataMemory: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)
export type WrittenModel = Static<typeof WrittenModel>

/** Option schemas of the adapters of this build, by kind. */
export interface AdapterSchemas {
  readonly sources: Readonly<Record<string, TSchema>>
  readonly trainers: Readonly<Record<string, TSchema>>
}

const DEFAULTS = { trainTime: '1 hour', trainMemory: 4000, dataMemory: 2000 }
const MEGABYTE = 1_000_000

/** Fills in every default. Faults are named at their paths below `path`; with faults the result is of no use. */
export function resolveModel(name: string, written: WrittenModel, schemas: AdapterSchemas, path: string): { readonly model: StoredModel; readonly faults: readonly Fault[] } {
  const faults: Fault[] = []
  const fault = (where: string, message: string): void => {
    faults.push({ path: where === '' ? path : `${path}.${where}`, message })
  }
  const duration = (text: string, where: string): number => {
    const milliseconds = parseDuration(text)
    if (milliseconds === undefined) fault(where, `"${text}" is no duration; write e.g. '52 weeks' or '10 minutes'`)
    return milliseconds ?? 1
  }
  const share = (text: string, where: string): number => {
    const value = parseShare(text)
    if (value === undefined) fault(where, `"${text}" is no share between 0% and 100%; write e.g. '20%'`)
    return value ?? 0.2
  }
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name)) fault('', `"${name}" is no name of a model: lower-case letters, digits and hyphens, from a letter on`)
  const columns = resolveColumns(written, fault)
  const split = resolveSplit(written, columns, duration, share, fault)
  checkAdapter(written.source, schemas.sources, 'source', fault)
  checkAdapter(written.train, schemas.trainers, 'train', fault)
  checkRules(written, fault)
  checkTriggers(written, fault)
  const limits = { ...DEFAULTS, ...written.limits }
  const model: StoredModel = {
    formatVersion: 1,
    name,
    task: written.task,
    columns,
    source: written.source,
    window: resolveWindow(written, duration),
    split,
    train: written.train,
    check: [...(written.check ?? [])],
    approval: written.approval ?? 'never',
    triggers: [...(written.triggers ?? [{ kind: 'arrival' as const }])],
    limits: {
      trainMilliseconds: duration(limits.trainTime, 'limits.trainTime'),
      trainMemoryBytes: Math.round(limits.trainMemory * MEGABYTE),
      dataMemoryBytes: Math.round(limits.dataMemory * MEGABYTE),
    },
  }
  if (model.window.kind === 'duration' && !hasRole(columns, 'time')) fault('window', 'a window of time needs a time column')
  return { model, faults }
}

type Report = (where: string, message: string) => void

function resolveColumns(written: WrittenModel, fault: Report): Record<string, StoredColumn> {
  const columns: Record<string, StoredColumn> = {}
  for (const [name, column] of Object.entries(written.columns)) {
    const where = `columns.${name}`
    const reason = unfitName(name)
    if (reason !== undefined) fault(where, reason)
    if (column.min !== undefined && column.max !== undefined && column.min > column.max) fault(`${where}.min`, `${column.min} is above max ${column.max}`)
    if (column.role === 'target' && written.task === 'classification' && (column.min !== undefined || column.max !== undefined)) {
      fault(where, 'the target of a classification is a class and has no range')
    }
    if (column.role === 'target' && written.task === 'regression' && column.values !== undefined) fault(where, 'the target of a regression is a number and has no values')
    const type = column.role === 'target' ? (written.task === 'regression' ? 'number' : 'category') : column.type
    columns[name] = { ...column, type, optional: column.optional ?? false }
  }
  const count = (role: StoredColumn['role']): number => Object.values(columns).filter((column) => column.role === role).length
  if (count('target') !== 1) fault('columns', `exactly one column must be the target, there are ${count('target')}`)
  if (count('feature') === 0) fault('columns', 'at least one column must be a feature')
  for (const role of ['time', 'group', 'key'] as const) if (count(role) > 1) fault('columns', `at most one column can be the ${role}, there are ${count(role)}`)
  return columns
}

function resolveWindow({ window = 'all' }: WrittenModel, duration: (text: string, where: string) => number): StoredWindow {
  if (typeof window !== 'string') return { kind: 'rows', rows: window.rows }
  return window === 'all' ? { kind: 'all' } : { kind: 'duration', milliseconds: duration(window, 'window') }
}

function resolveSplit(
  { split = { kind: 'group', test: '20%', validation: '10%' } }: WrittenModel,
  columns: Readonly<Record<string, StoredColumn>>,
  duration: (text: string, where: string) => number,
  share: (text: string, where: string) => number,
  fault: Report,
): StoredSplit {
  const validation = share(split.validation, 'split.validation')
  if (split.kind === 'group') return { kind: 'group', test: share(split.test, 'split.test'), validation }
  if (!hasRole(columns, 'time')) fault('split', 'byTime needs a time column')
  return {
    kind: 'time',
    testMilliseconds: duration(split.test, 'split.test'),
    gapMilliseconds: split.gap === undefined ? 0 : duration(split.gap, 'split.gap'),
    validation,
  }
}

function checkAdapter(reference: AdapterReference, schemas: Readonly<Record<string, TSchema>>, where: string, fault: Report): void {
  const schema = schemas[reference.kind]
  if (schema === undefined) {
    fault(where, `"${reference.kind}" is not known; there are: ${Object.keys(schemas).join(', ')}`)
    return
  }
  for (const { path, message } of structuralFaults(schema, reference.options, where)) fault(path, message)
}

function checkRules({ check = [], columns, task }: WrittenModel, fault: Report): void {
  const metrics = (task === 'regression' ? RegressionMetric : ClassificationMetric).anyOf.map((literal) => literal.const)
  for (const [index, rule] of check.entries()) {
    const where = `check[${index}]`
    if (!metrics.some((metric) => metric === rule.metric)) fault(where, `${rule.metric} is no metric of a ${task}; there are: ${metrics.join(', ')}`)
    if (rule.kind === 'champion' && 'relative' in rule.margin && (rule.metric === 'rocAuc' || rule.metric === 'r2')) {
      fault(where, `a ratio of ${rule.metric} means nothing: its margin is absolute, e.g. { absolute: 0.01 }`)
    }
    if (rule.kind === 'threshold' && rule.slice !== undefined) {
      const column = columns[rule.slice.column]
      if (column === undefined || (column.type !== 'category' && column.type !== 'boolean')) {
        fault(where, `slices need a category or boolean column; ${rule.slice.column} is none`)
      }
      if (rule.confidence !== undefined) fault(where, 'a rule for each value of a column takes no confidence: a value fails only if it is proven to be beyond the limit')
    }
  }
}

function checkTriggers({ triggers = [] }: WrittenModel, fault: Report): void {
  for (const [index, trigger] of triggers.entries()) {
    if (trigger.kind !== 'schedule') continue
    try {
      const schedule = new Cron(trigger.cron, { timezone: trigger.timeZone, paused: true })
      if (schedule.nextRun() === null) fault(`triggers[${index}]`, `"${trigger.cron}" never comes`)
    } catch (error) {
      fault(`triggers[${index}]`, `"${trigger.cron}" in ${trigger.timeZone}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

function hasRole(columns: Readonly<Record<string, StoredColumn>>, role: StoredColumn['role']): boolean {
  return Object.values(columns).some((column) => column.role === role)
}
