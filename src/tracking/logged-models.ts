import { randomUUID } from 'node:crypto'
import { sql, type RawBuilder } from 'kysely'
import type { Clock } from '../clock.js'
import type { Database } from '../database/schema.js'
import { lastOfEach, paramEntry, tagEntry, textOf, type Entry } from './entries.js'
import { numberOf } from './experiments.js'
import type { Metric } from './metrics.js'
import { invalid, missing } from './refusals.js'
import { runName } from './run-name.js'
import { appended } from './runs.js'

export const modelStatuses = ['LOGGED_MODEL_PENDING', 'LOGGED_MODEL_READY', 'LOGGED_MODEL_UPLOAD_FAILED'] as const
export type ModelStatus = (typeof modelStatuses)[number]

/** A value of a metric that was logged of a model, within a run and perhaps on a dataset. */
export interface ModelMetric extends Metric {
  readonly run: string
  readonly datasetName: string | undefined
  readonly datasetDigest: string | undefined
}

/** A model that a run has made, of which nobody has said yet that it be registered. */
export interface LoggedModel {
  /** `m-` and 32 hexadecimal digits. */
  readonly id: string
  readonly experiment: string
  readonly name: string
  readonly artifactUri: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly status: ModelStatus
  readonly statusMessage: string | undefined
  readonly type: string
  readonly sourceRun: string
  readonly isDeleted: boolean
  readonly tags: readonly Entry[]
  readonly params: readonly Entry[]
  readonly metrics: readonly ModelMetric[]
}

export interface NewLoggedModel {
  readonly experiment: string
  readonly name: string | undefined
  readonly type: string | undefined
  readonly sourceRun: string | undefined
  readonly params: readonly Entry[]
  readonly tags: readonly Entry[]
}

/** @throws RefitError `tracking-missing`, `tracking-invalid` */
export async function createLoggedModel(database: Database, clock: Clock, { experiment, name, type, sourceRun, params, tags }: NewLoggedModel): Promise<LoggedModel> {
  const called = name === undefined || name === '' ? runName() : checkLoggedModelName(name)
  const keptParams = lastOfEach(params.map(paramEntry))
  const keptTags = lastOfEach(tags.map(tagEntry))
  const id = `m-${randomUUID().replaceAll('-', '')}`
  const now = clock.now().getTime()
  const { rows } = await sql<{ is_deleted: boolean }>`
    with parent as (select id, artifact_location, is_deleted from tracking.experiments where id = ${numberOf(experiment)}),
    made as (
      insert into tracking.logged_models (id, experiment, name, artifact_location, created_at, updated_at, status, model_type, source_run)
      select ${id}, parent.id, ${called}, ${appended('artifact_location', `models/${id}/artifacts`)}, ${now}::bigint, ${now}::bigint, 'LOGGED_MODEL_PENDING', ${textOf(type ?? '')}, ${textOf(sourceRun ?? '')}
      from parent where not is_deleted returning id),
    described as (
      insert into tracking.logged_model_params (model, key, value)
      select made.id, sent.key, sent.value from made, unnest(${keptParams.map(({ key }) => key)}::text[], ${keptParams.map(({ value }) => value)}::text[]) as sent (key, value)),
    tagged as (
      insert into tracking.logged_model_tags (model, key, value)
      select made.id, sent.key, sent.value from made, unnest(${keptTags.map(({ key }) => key)}::text[], ${keptTags.map(({ value }) => value)}::text[]) as sent (key, value))
    select is_deleted from parent`.execute(database)
  const [parent] = rows
  if (parent === undefined) throw missing(`No Experiment with id=${experiment} exists`)
  if (parent.is_deleted) throw invalid(`The experiment ${experiment} must be in the 'active' state. Current state is deleted.`)
  return getLoggedModel(database, id)
}

/** @throws RefitError `tracking-missing`, also for one that is deleted unless that is asked for */
export async function getLoggedModel(database: Database, id: string, { deletedToo = false }: { readonly deletedToo?: boolean } = {}): Promise<LoggedModel> {
  const [model] = await loggedModelsWhere(database, deletedToo ? sql`models.id = ${textOf(id)}` : sql`models.id = ${textOf(id)} and not models.is_deleted`)
  if (model === undefined) throw missing(`Logged model with ID '${id}' not found.`)
  return model
}

/** Says how its upload ended. @throws RefitError `tracking-missing` */
export async function finalizeLoggedModel(database: Database, clock: Clock, id: string, status: ModelStatus): Promise<LoggedModel> {
  const { rows } = await sql`
    update tracking.logged_models set status = ${status}, updated_at = ${clock.now().getTime()} where id = ${textOf(id)} and not is_deleted returning id`.execute(database)
  if (rows.length === 0) throw missing(`Logged model with ID '${id}' not found.`)
  return getLoggedModel(database, id)
}

/** @throws RefitError `tracking-missing` */
export async function deleteLoggedModel(database: Database, clock: Clock, id: string): Promise<void> {
  const { rows } = await sql`
    update tracking.logged_models set is_deleted = true, updated_at = ${clock.now().getTime()} where id = ${textOf(id)} and not is_deleted returning id`.execute(database)
  if (rows.length === 0) throw missing(`Logged model with ID '${id}' not found.`)
}

/** @throws RefitError `tracking-missing`, `tracking-invalid` */
export async function setLoggedModelTags(database: Database, id: string, tags: readonly Entry[]): Promise<LoggedModel> {
  const kept = lastOfEach(tags.map(tagEntry))
  await getLoggedModel(database, id)
  await sql`
    insert into tracking.logged_model_tags (model, key, value)
    select ${textOf(id)}::text, sent.key, sent.value from unnest(${kept.map(({ key }) => key)}::text[], ${kept.map(({ value }) => value)}::text[]) as sent (key, value)
    on conflict (model, key) do update set value = excluded.value`.execute(database)
  return getLoggedModel(database, id)
}

/** @throws RefitError `tracking-missing` */
export async function deleteLoggedModelTag(database: Database, id: string, key: string): Promise<void> {
  await getLoggedModel(database, id)
  const { rows } = await sql`delete from tracking.logged_model_tags where model = ${textOf(id)} and key = ${textOf(key)} returning key`.execute(database)
  if (rows.length === 0) throw missing(`No tag with key '${key}' found for model with ID '${id}'.`)
}

/** Adds parameters, which never change. @throws RefitError `tracking-missing`, `tracking-invalid` */
export async function logModelParams(database: Database, id: string, params: readonly Entry[]): Promise<LoggedModel> {
  const kept = lastOfEach(params.map(paramEntry))
  await getLoggedModel(database, id)
  const { rows } = await sql<Entry>`
    insert into tracking.logged_model_params as present (model, key, value)
    select ${textOf(id)}::text, sent.key, sent.value from unnest(${kept.map(({ key }) => key)}::text[], ${kept.map(({ value }) => value)}::text[]) as sent (key, value)
    on conflict (model, key) do update set value = present.value returning key, value`.execute(database)
  const present = new Map(rows.map(({ key, value }) => [key, value]))
  const changed = kept.find(({ key, value }) => present.get(key) !== value)
  if (changed !== undefined) throw invalid(`Changing param values is not allowed. Param '${changed.key}' of model '${id}' has another value.`)
  return getLoggedModel(database, id)
}

/** Logged models that a condition on `models` selects, whole. */
export async function loggedModelsWhere(database: Database, condition: RawBuilder<unknown>, joins: RawBuilder<unknown> = sql``, rest: RawBuilder<unknown> = sql``): Promise<readonly LoggedModel[]> {
  const { rows } = await sql<ModelRow>`
    select models.id, models.experiment::text as experiment, models.name, models.artifact_location, models.created_at::float8 as created_at, models.updated_at::float8 as updated_at,
      models.status, models.status_message, models.model_type, models.source_run, models.is_deleted
    from tracking.logged_models as models ${joins} where ${condition} ${rest}`.execute(database)
  if (rows.length === 0) return []
  const ids = rows.map(({ id }) => id)
  const [params, tags, metrics] = await Promise.all([
    sql<Entry & { model: string }>`select model, key, value from tracking.logged_model_params where model = any(${ids}::text[]) order by model, key`.execute(database),
    sql<Entry & { model: string }>`select model, key, value from tracking.logged_model_tags where model = any(${ids}::text[]) order by model, key`.execute(database),
    sql<MetricRow>`
      select model, key, value, at::float8 as at, step::float8 as step, run, dataset_name, dataset_digest
      from tracking.logged_model_metrics where model = any(${ids}::text[]) order by model, key, at, step`.execute(database),
  ])
  return rows.map((row) => ({
    id: row.id,
    experiment: row.experiment,
    name: row.name,
    artifactUri: row.artifact_location,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    status: row.status,
    statusMessage: row.status_message ?? undefined,
    type: row.model_type,
    sourceRun: row.source_run,
    isDeleted: row.is_deleted,
    params: params.rows.filter(({ model }) => model === row.id).map(({ key, value }) => ({ key, value })),
    tags: tags.rows.filter(({ model }) => model === row.id).map(({ key, value }) => ({ key, value })),
    metrics: metrics.rows.filter(({ model }) => model === row.id).map(metricOf),
  }))
}

interface ModelRow {
  readonly id: string
  readonly experiment: string
  readonly name: string
  readonly artifact_location: string
  readonly created_at: number
  readonly updated_at: number
  readonly status: ModelStatus
  readonly status_message: string | null
  readonly model_type: string
  readonly source_run: string
  readonly is_deleted: boolean
}

interface MetricRow {
  readonly model: string
  readonly key: string
  readonly value: number
  readonly at: number
  readonly step: number
  readonly run: string
  readonly dataset_name: string | null
  readonly dataset_digest: string | null
}

function metricOf({ key, value, at, step, run, dataset_name, dataset_digest }: MetricRow): ModelMetric {
  return { key, value, at, step, run, datasetName: dataset_name ?? undefined, datasetDigest: dataset_digest ?? undefined }
}

/** Its name stands in paths and addresses. @throws RefitError `tracking-invalid` */
export function checkLoggedModelName(name: string): string {
  if (/[/:.%"']/.test(name)) {
    throw invalid(`Invalid model name (${name.slice(0, 200)}) provided. Model name must be a non-empty string and cannot contain the following characters: ('/', ':', '.', '%', '"', "'")`)
  }
  return textOf(name)
}
