import { sql } from 'kysely'
import type { Database } from '../database/schema.js'
import type { Entry } from './entries.js'
import type { DatasetInput, ModelOutput } from './inputs.js'
import type { Metric } from './metrics.js'
import type { RunInfo } from './runs.js'

/** What was logged of a run: of each metric the latest value. Everything is sorted by key. */
export interface RunData {
  readonly metrics: readonly Metric[]
  readonly params: readonly Entry[]
  readonly tags: readonly Entry[]
  readonly datasets: readonly DatasetInput[]
  readonly modelInputs: readonly string[]
  readonly modelOutputs: readonly ModelOutput[]
}

/** A run with what was logged of it. */
export interface Run {
  readonly info: RunInfo
  readonly data: RunData
}

interface Gathered {
  readonly metrics: Metric[]
  readonly params: Entry[]
  readonly tags: Entry[]
  readonly datasets: DatasetInput[]
  readonly modelInputs: string[]
  readonly modelOutputs: ModelOutput[]
}

/** Adds to runs what was logged of them, in as many queries for a thousand runs as for one. */
export async function withData(database: Database, infos: readonly RunInfo[]): Promise<readonly Run[]> {
  if (infos.length === 0) return []
  const numbers = infos.map(({ number }) => number)
  const gathered = new Map<number, Gathered>(numbers.map((number) => [number, { metrics: [], params: [], tags: [], datasets: [], modelInputs: [], modelOutputs: [] }]))
  const [metrics, params, tags, inputs, models] = await Promise.all([
    sql<Of<Metric>>`/* prepared tracking-metrics-of-runs */ select run::float8 as run, key, value, at::float8 as at, step::float8 as step from tracking.series where run = any(${numbers}::bigint[]) order by run, key`.execute(database),
    sql<Of<Entry>>`/* prepared tracking-params-of-runs */ select run::float8 as run, key, value from tracking.params where run = any(${numbers}::bigint[]) order by run, key`.execute(database),
    sql<Of<Entry>>`/* prepared tracking-tags-of-runs */ select run::float8 as run, key, value from tracking.tags where run = any(${numbers}::bigint[]) order by run, key`.execute(database),
    sql<Of<InputRow>>`
      /* prepared tracking-inputs-of-runs */
      select inputs.run::float8 as run, found.name, found.digest, found.source_type, found.source, found.schema, found.profile,
        array(select key from tracking.input_tags where input = inputs.id order by key) as keys, array(select value from tracking.input_tags where input = inputs.id order by key) as values
      from tracking.inputs join tracking.datasets as found on found.id = inputs.dataset where inputs.run = any(${numbers}::bigint[]) order by inputs.id`.execute(database),
    sql<Of<ModelRow>>`/* prepared tracking-models-of-runs */ select run::float8 as run, is_output, model, step::float8 as step from tracking.run_models where run = any(${numbers}::bigint[]) order by run, model`.execute(database),
  ])
  for (const { run, key, value, at, step } of metrics.rows) gathered.get(run)?.metrics.push({ key, value, at, step })
  for (const { run, key, value } of params.rows) gathered.get(run)?.params.push({ key, value })
  for (const { run, key, value } of tags.rows) gathered.get(run)?.tags.push({ key, value })
  for (const { run, ...row } of inputs.rows) gathered.get(run)?.datasets.push(inputOf(row))
  for (const { run, is_output, model, step } of models.rows) {
    if (is_output) gathered.get(run)?.modelOutputs.push({ model, step })
    else gathered.get(run)?.modelInputs.push(model)
  }
  return infos.flatMap((info) => {
    const data = gathered.get(info.number)
    return data === undefined ? [] : [{ info, data }]
  })
}

type Of<T> = T & { readonly run: number }

interface InputRow {
  readonly name: string
  readonly digest: string
  readonly source_type: string
  readonly source: string
  readonly schema: string | null
  readonly profile: string | null
  readonly keys: readonly string[]
  readonly values: readonly string[]
}

interface ModelRow {
  readonly is_output: boolean
  readonly model: string
  readonly step: number
}

function inputOf({ name, digest, source_type, source, schema, profile, keys, values }: Omit<InputRow, 'run'>): DatasetInput {
  return {
    dataset: { name, digest, sourceType: source_type, source, schema: schema ?? undefined, profile: profile ?? undefined },
    tags: keys.map((key, index) => ({ key, value: values[index] ?? '' })),
  }
}
