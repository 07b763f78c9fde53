import { sql } from 'kysely'
import type { Clock } from '../clock.js'
import type { Database } from '../database/schema.js'
import { lastOfEach, paramEntry, tagEntry, textOf, type Entry } from './entries.js'
import { numberOf } from './experiments.js'
import { checkForeignLocation } from './foreign-location.js'
import { begunDigest, DIGEST_TAG, importStateOf, SERVER_TAG, type ImportState, type Whence } from './imported.js'
import { checkLoggedModelName, getLoggedModel, type LoggedModel, type ModelMetric, type ModelStatus } from './logged-models.js'
import { checkMetric } from './metrics.js'
import { neededExperiment } from './needed-experiment.js'
import { invalid, missing } from './refusals.js'

/** A logged model of another server, which keeps its id here. */
export interface ImportedLoggedModel extends Whence {
  readonly id: string
  readonly experiment: { readonly name: string; readonly tags: readonly Entry[] }
  readonly name: string
  readonly type: string
  readonly sourceRun: string
  readonly status: ModelStatus
  readonly statusMessage: string | undefined
  readonly createdAt: number
  readonly updatedAt: number
  /** As of an imported run. */
  readonly artifactUri: string | undefined
  readonly tags: readonly Entry[]
  readonly params: readonly Entry[]
  readonly metrics: readonly ModelMetric[]
}

/** Makes a logged model under its id with what is said of it, or brings what is said of it up to date, as `importRun` does. @throws RefitError `tracking-invalid` */
export async function importLoggedModel(database: Database, clock: Clock, imported: ImportedLoggedModel): Promise<{ readonly state: ImportState; readonly model: LoggedModel }> {
  const { id, experiment, name, type, sourceRun, status, statusMessage, createdAt, updatedAt, server } = imported
  if (!/^m-[\da-f]{32}$/.test(id)) throw invalid(`'${id.slice(0, 100)}' is no id of a logged model.`)
  const here = await whenceOf(database, id)
  const state = here === undefined ? 'open' : importStateOf(here, imported)
  if (state === 'complete' || state === 'other') return { state, model: await getLoggedModel(database, id, { deletedToo: true }) }
  const params = lastOfEach(imported.params.map(paramEntry))
  const tags = lastOfEach([...imported.tags.map(tagEntry), { key: SERVER_TAG, value: textOf(server) }])
  const begun = here === undefined ? begunDigest(imported.digest) : undefined
  const location = imported.artifactUri === undefined ? undefined : textOf(checkForeignLocation(imported.artifactUri))
  const { id: within } = await neededExperiment(database, clock, experiment.name, experiment.tags)
  const { metrics } = imported
  for (const metric of metrics) checkMetric(metric)
  const { rows } = await sql`
    with made as (
      insert into tracking.logged_models as present (id, experiment, name, artifact_location, created_at, updated_at, status, status_message, model_type, source_run)
      values (${id}, ${numberOf(within)}, ${checkLoggedModelName(name)}, ${location ?? `mlflow-artifacts:/${within}/models/${id}/artifacts`}, ${createdAt}, ${updatedAt}, ${status}, ${statusMessage === undefined ? null : textOf(statusMessage)}, ${textOf(type)}, ${textOf(sourceRun)})
      on conflict (id) do update set status = excluded.status, status_message = excluded.status_message, updated_at = excluded.updated_at, is_deleted = false
      where exists (select from tracking.logged_model_tags as tag where tag.model = present.id and tag.key = ${SERVER_TAG} and tag.value = ${textOf(server)})
      returning id),
    described as (
      insert into tracking.logged_model_params (model, key, value)
      select made.id, sent.key, sent.value from made, unnest(${params.map(({ key }) => key)}::text[], ${params.map(({ value }) => value)}::text[]) as sent (key, value)
      on conflict (model, key) do nothing),
    tagged as (
      insert into tracking.logged_model_tags (model, key, value)
      select made.id, sent.key, sent.value from made, unnest(${tags.map(({ key }) => key)}::text[], ${tags.map(({ value }) => value)}::text[]) as sent (key, value)
      on conflict (model, key) do update set value = excluded.value),
    begun as (
      insert into tracking.logged_model_tags (model, key, value) select id, ${DIGEST_TAG}, ${begun ?? ''} from made where ${begun ?? null}::text is not null
      on conflict (model, key) do nothing),
    measured as (
      insert into tracking.logged_model_metrics (model, key, at, step, run, value, dataset_name, dataset_digest)
      select made.id, sent.key, sent.at, sent.step, sent.run, sent.value, sent.dataset_name, sent.dataset_digest from made, unnest(
        ${metrics.map(({ key }) => textOf(key))}::text[], ${metrics.map(({ at }) => at)}::bigint[], ${metrics.map(({ step }) => step)}::bigint[], ${metrics.map(({ run }) => textOf(run))}::text[],
        ${metrics.map(({ value }) => value)}::float8[], ${metrics.map(({ datasetName }) => orNull(datasetName))}::text[], ${metrics.map(({ datasetDigest }) => orNull(datasetDigest))}::text[]
      ) as sent (key, at, step, run, value, dataset_name, dataset_digest)
      on conflict do nothing)
    select id from made`.execute(database)
  // Somebody else has made it meanwhile; whether from that server too, the tags tell now.
  if (rows.length === 0) return importLoggedModel(database, clock, imported)
  return { state, model: await getLoggedModel(database, id) }
}

/** As `finishImportedRun`. @throws RefitError `tracking-missing` for a model that was not brought from that server */
export async function finishImportedLoggedModel(database: Database, { server, digest, id, isDeleted }: Whence & { readonly id: string; readonly isDeleted: boolean }): Promise<void> {
  const { rows } = await sql`
    with finished as (
      update tracking.logged_models set is_deleted = ${isDeleted}
      where id = ${textOf(id)} and exists (select from tracking.logged_model_tags as tag where tag.model = logged_models.id and tag.key = ${SERVER_TAG} and tag.value = ${textOf(server)})
      returning id),
    tagged as (
      insert into tracking.logged_model_tags (model, key, value) select id, ${DIGEST_TAG}, ${digest ?? ''} from finished where ${digest ?? null}::text is not null
      on conflict (model, key) do update set value = excluded.value)
    select id from finished`.execute(database)
  if (rows.length === 0) throw missing(`Logged model with ID '${id}' was not brought from ${server}`)
}

async function whenceOf(database: Database, id: string): Promise<{ readonly server: string | null; readonly digest: string | null } | undefined> {
  const { rows } = await sql<{ server: string | null; digest: string | null }>`
    select (select value from tracking.logged_model_tags where model = models.id and key = ${SERVER_TAG}) as server, (select value from tracking.logged_model_tags where model = models.id and key = ${DIGEST_TAG}) as digest
    from tracking.logged_models as models where id = ${id}`.execute(database)
  return rows[0]
}

function orNull(text: string | undefined): string | null {
  return text === undefined ? null : textOf(text)
}
