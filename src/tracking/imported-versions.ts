import { sql } from 'kysely'
import type { Database } from '../database/schema.js'
import { pathInStore } from './artifact-path.js'
import { lastOfEach, textOf, type Entry } from './entries.js'
import { checkForeignLocation } from './foreign-location.js'
import { NAME_TAG, SERVER_TAG } from './imported.js'
import { stageNamed, type ModelVersion } from './model-versions.js'
import { invalid } from './refusals.js'
import { checkModelName, isOfLifecycle, registryTag, requireModel } from './registered-models.js'
import { checkSource } from './version-source.js'

/** A registered model of another server. */
export interface ImportedModel {
  readonly server: string
  /** Its name there. */
  readonly name: string
  /** The name that is wanted here. */
  readonly wanted: string
  readonly description: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly tags: readonly Entry[]
}

/** What a model is called here that was brought, where its name is one of the project's models: those make their own versions. */
export function nameBeside(model: string): string {
  return `${model} (imported)`
}

/**
 * Registers a model that is on another server, beside a model of the project that has its name. One that was brought before
 * stays as it is, whatever it has been renamed to.
 * @returns its name here, undefined where another model has it; whether it was not here before; and whether the name that was wanted is that of a model of the project
 * @throws RefitError `tracking-invalid`
 */
export async function importRegisteredModel(database: Database, imported: ImportedModel): Promise<{ readonly name: string | undefined; readonly isNew: boolean; readonly isOfLifecycle: boolean }> {
  const { server, name, wanted, description, createdAt, updatedAt } = imported
  const ofLifecycle = await isOfLifecycle(database, wanted)
  const brought = await broughtAs(database, server, name)
  if (brought !== undefined) return { name: brought, isNew: false, isOfLifecycle: ofLifecycle }
  const called = checkModelName(ofLifecycle ? nameBeside(wanted) : wanted)
  const tags = lastOfEach([...imported.tags, { key: SERVER_TAG, value: server }, { key: NAME_TAG, value: name }].map(registryTag))
  const { rows } = await sql`
    with made as (
      insert into tracking.registered_models (name, description, created_at, updated_at) values (${called}, ${textOf(description)}, ${createdAt}, ${updatedAt})
      on conflict (name) do nothing returning id),
    tagged as (
      insert into tracking.registered_model_tags (model, key, value)
      select made.id, sent.key, sent.value from made, unnest(${tags.map(({ key }) => key)}::text[], ${tags.map(({ value }) => value)}::text[]) as sent (key, value))
    select id from made`.execute(database)
  return { name: await broughtAs(database, server, name), isNew: rows.length > 0, isOfLifecycle: ofLifecycle }
}

/** A version of a registered model of another server, which keeps its number here. `model` is its name here. */
export interface ImportedVersion extends Omit<ModelVersion, 'stage' | 'aliases'> {
  readonly server: string
  /** As it was sent. */
  readonly stage: string
}

/**
 * Registers a version under its number, whole; the ones that are made here are counted on from the highest. One that is there
 * stays as it is.
 * @returns `other`: that number is of a version that did not come from there
 * @throws RefitError `tracking-missing`, `tracking-invalid`
 */
export async function importVersion(database: Database, imported: ImportedVersion): Promise<'made' | 'present' | 'other'> {
  const { server, model, number, createdAt, updatedAt, description, user, run, runLink, loggedModel } = imported
  checkSource(imported.source)
  if (pathInStore(imported.location) === undefined) checkForeignLocation(imported.location)
  const stage = stageNamed(imported.stage)
  const tags = lastOfEach([...imported.tags, { key: SERVER_TAG, value: server }].map(registryTag))
  const id = await requireModel(database, model, 'Its versions come from its lifecycle. Bring one that was made elsewhere by `refit adopt`, which checks it.')
  return database.transaction().execute(async (transaction) => {
    const { rows: counted } = await sql`
      update tracking.registered_models set next_version = greatest(next_version, ${number + 1}::integer), updated_at = greatest(updated_at, ${updatedAt}::bigint)
      where id = ${id} and exists (select from tracking.registered_model_tags as tag where tag.model = registered_models.id and tag.key = ${SERVER_TAG} and tag.value = ${textOf(server)}) returning id`.execute(transaction)
    if (counted.length === 0) throw invalid(`${model} was not brought from ${server}, so its versions are counted here.`)
    const { rows: made } = await sql`
      insert into tracking.model_versions (model, number, created_at, updated_at, description, user_name, stage, source, location, run, run_link, logged_model)
      values (${id}, ${number}, ${createdAt}, ${updatedAt}, ${textOf(description)}, ${textOf(user)}, ${stage}, ${textOf(imported.source)}, ${textOf(imported.location)}, ${textOf(run)}, ${textOf(runLink)}, ${loggedModel === undefined ? null : textOf(loggedModel)})
      on conflict (model, number) do nothing returning number`.execute(transaction)
    if (made.length === 0) {
      const { rows } = await sql`select from tracking.model_version_tags where model = ${id} and number = ${number} and key = ${SERVER_TAG} and value = ${textOf(server)}`.execute(transaction)
      return rows.length > 0 ? 'present' : 'other'
    }
    await sql`
      insert into tracking.model_version_tags (model, number, key, value)
      select ${id}::bigint, ${number}::integer, sent.key, sent.value from unnest(${tags.map(({ key }) => key)}::text[], ${tags.map(({ value }) => value)}::text[]) as sent (key, value)`.execute(transaction)
    return 'made'
  })
}

/** What a model of another server is called here; undefined: it was not brought yet. */
async function broughtAs(database: Database, server: string, name: string): Promise<string | undefined> {
  const { rows } = await sql<{ name: string }>`
    select models.name from tracking.registered_models as models
    join tracking.registered_model_tags as whence on whence.model = models.id and whence.key = ${SERVER_TAG} and whence.value = ${textOf(server)}
    join tracking.registered_model_tags as named on named.model = models.id and named.key = ${NAME_TAG} and named.value = ${textOf(name)}
    where not models.of_lifecycle order by models.id limit 1`.execute(database)
  return rows[0]?.name
}
