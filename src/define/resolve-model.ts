import { Cron } from 'croner'
import { Type, type Static, type TSchema } from 'typebox'
import type { Fault } from '../errors.js'
import { parseDuration, parseShare } from './measures.js'
import { resolveApproval, WrittenApproval } from './resolve-approval.js'
import { resolveColumns, WrittenColumn } from './resolve-columns.js'
import { resolveContract, WrittenContract } from './resolve-contract.js'
import { resolveDelivery, withDeleted, WrittenDelivery } from './resolve-delivery.js'
import { resolveDeployment, WrittenDeployment } from './resolve-deployment.js'
import { resolveFormat } from './resolve-format.js'
import { resolvePredictionLog, WrittenPredictionLog } from './resolve-prediction-log.js'
import { resolvePrepare, WrittenPreparedColumn } from './resolve-prepare.js'
import { resolveRules, WrittenRule } from './resolve-rules.js'
import { resolveSplit, WrittenSplit } from './resolve-split.js'
import { structuralFaults } from './structural-faults.js'
import {
  AdapterReference,
  CatchUp,
  InvocationsDialect,
  StoredFormat,
  StoredMetric,
  type StoredColumn,
  type StoredModel,
  type StoredWindow,
} from './stored-definition.js'

/** A model as it leaves the project file: plain data, nothing filled in. */
export const WrittenModel = Type.Object(
  {
    task: Type.Union([Type.Literal('regression'), Type.Literal('classification')]),
    columns: Type.Record(Type.String(), WrittenColumn),
    contract: Type.Optional(WrittenContract),
    format: Type.Optional(StoredFormat),
    source: AdapterReference,
    delivery: Type.Optional(WrittenDelivery),
    window: Type.Optional(Type.Union([Type.String(), Type.Object({ rows: Type.Integer({ minimum: 1 }) }, { additionalProperties: false })])),
    split: Type.Optional(WrittenSplit),
    holdout: Type.Optional(Type.String()),
    prepare: Type.Optional(Type.String({ minLength: 1 })),
    prepared: Type.Optional(Type.Record(Type.String(), WrittenPreparedColumn)),
    train: AdapterReference,
    refitOnAll: Type.Optional(Type.Boolean()),
    metrics: Type.Optional(Type.Record(Type.String(), StoredMetric)),
    check: Type.Optional(Type.Array(WrittenRule)),
    replaceIfBetter: Type.Optional(Type.Boolean()),
    approval: Type.Optional(WrittenApproval),
    deploy: Type.Optional(WrittenDeployment),
    triggers: Type.Optional(
      Type.Array(
        Type.Union([
          Type.Object({ kind: Type.Literal('arrival') }, { additionalProperties: false }),
          Type.Object(
            { kind: Type.Literal('schedule'), cron: Type.String(), timeZone: Type.String(), catchUp: CatchUp },
            { additionalProperties: false },
          ),
          Type.Object({ kind: Type.Literal('definition') }, { additionalProperties: false }),
        ]),
      ),
    ),
    dropsOverdueAfter: Type.Optional(Type.String()),
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
    dialect: Type.Optional(InvocationsDialect),
    brokenClients: Type.Optional(Type.Union([Type.Literal('refuse'), Type.Literal('allow')])),
    predictionLog: Type.Optional(WrittenPredictionLog),
  },
  { additionalProperties: false },
)
export type WrittenModel = Static<typeof WrittenModel>

/** Option schemas of the adapters of this build, by kind. */
export interface AdapterSchemas {
  readonly sources: Readonly<Record<string, TSchema>>
  readonly trainers: Readonly<Record<string, TSchema>>
  /** Absent: nobody can be told. */
  readonly notifiers?: Readonly<Record<string, TSchema>>
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
  const columns = withDeleted(resolveColumns(written.columns, written.task, written.contract?.otherColumns === 'infer', fault), written.delivery)
  const split = resolveSplit(written.split, { task: written.task, columns, duration, share, fault })
  const delivery = resolveDelivery(written.delivery, columns, fault)
  const deploy = resolveDeployment(written.deploy, { duration, share, fault })
  const predictionLog = resolvePredictionLog(written.predictionLog, { columns, duration, share, fault })
  const prepare = resolvePrepare(written, columns, fault)
  checkAdapter(written.source, schemas.sources, 'source', fault)
  if (written.source.options['overlap'] !== undefined && delivery?.kind !== 'upsert') fault('source.overlap', 'rows that are read again come twice; it needs delivery: upsert() and a key column')
  checkAdapter(written.train, schemas.trainers, 'train', fault)
  const check = resolveRules(written.check ?? [], { task: written.task, columns, metrics: written.metrics, fault })
  checkTriggers(written, fault)
  const limits = { ...DEFAULTS, ...written.limits }
  const model: StoredModel = {
    formatVersion: 1,
    name,
    task: written.task,
    columns,
    contract: resolveContract(written.contract ?? {}, columns, duration, fault),
    ...(written.format === undefined ? {} : { format: resolveFormat(written.format, columns, fault) }),
    source: written.source,
    ...(delivery === undefined ? {} : { delivery }),
    window: resolveWindow(written, duration),
    split,
    ...(written.holdout === undefined ? {} : { holdout: share(written.holdout, 'holdout') }),
    ...(prepare === undefined ? {} : { prepare }),
    train: written.train,
    ...(written.refitOnAll === true ? { refitOnAll: true } : {}),
    ...(written.metrics === undefined ? {} : { metrics: written.metrics }),
    check: [...check],
    ...(written.replaceIfBetter === true ? { replaceIfBetter: true } : {}),
    approval: resolveApproval(written.approval ?? 'never', duration),
    ...(deploy === undefined ? {} : { deploy }),
    triggers: [...(written.triggers ?? [{ kind: 'arrival' as const }])],
    ...(written.dropsOverdueAfter === undefined ? {} : { dropsOverdueMilliseconds: duration(written.dropsOverdueAfter, 'dropsOverdueAfter') }),
    limits: {
      trainMilliseconds: duration(limits.trainTime, 'limits.trainTime'),
      trainMemoryBytes: Math.round(limits.trainMemory * MEGABYTE),
      dataMemoryBytes: Math.round(limits.dataMemory * MEGABYTE),
    },
    ...(written.dialect === 'sagemaker' ? { dialect: written.dialect } : {}),
    ...(written.brokenClients === 'allow' ? { brokenClients: written.brokenClients } : {}),
    ...(predictionLog === undefined ? {} : { predictionLog }),
  }
  if (model.split.kind === 'group' && model.split.stratify !== undefined && (model.delivery ?? { kind: 'append' }).kind !== 'append') {
    fault('split.stratify', 'needs drops that add rows: where they replace or change some, sides would be drawn anew')
  }
  if (model.window.kind === 'duration' && !hasRole(columns, 'time')) fault('window', 'a window of time needs a time column')
  return { model, faults }
}

type Report = (where: string, message: string) => void

function resolveWindow({ window = 'all' }: WrittenModel, duration: (text: string, where: string) => number): StoredWindow {
  if (typeof window !== 'string') return { kind: 'rows', rows: window.rows }
  return window === 'all' ? { kind: 'all' } : { kind: 'duration', milliseconds: duration(window, 'window') }
}

function checkAdapter(reference: AdapterReference, schemas: Readonly<Record<string, TSchema>>, where: string, fault: Report): void {
  const schema = schemas[reference.kind]
  if (schema === undefined) {
    fault(where, `"${reference.kind}" is not known; there are: ${Object.keys(schemas).join(', ')}`)
    return
  }
  for (const { path, message } of structuralFaults(schema, reference.options, where)) fault(path, message)
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
