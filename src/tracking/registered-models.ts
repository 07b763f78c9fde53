import { sql, type RawBuilder } from 'kysely'
import type { Clock } from '../clock.js'
import type { Database, Transaction } from '../database/schema.js'
import { charactersOf, lastOfEach, LONGEST_KEY, textOf, type Entry } from './entries.js'
import { versionMissing, versionsWhere, type ModelVersion } from './model-versions.js'
import { exists, invalid, missing } from './refusals.js'

/** A name under which versions of a model are registered. */
export interface RegisteredModel {
  readonly id: number
  readonly name: string
  readonly description: string
  readonly createdAt: number
  readonly updatedAt: number
  /** The highest version of each stage. */
  readonly latestVersions: readonly ModelVersion[]
  readonly tags: readonly Entry[]
  readonly aliases: readonly { readonly alias: string; readonly version: number }[]
}

const LONGEST_TAG = 100_000
const LONGEST_NAME = 256

/** @throws RefitError `tracking-exists`, `tracking-invalid` */
export async function createRegisteredModel(database: Database, clock: Clock, { name, description, tags }: { readonly name: string; readonly description: string | undefined; readonly tags: readonly Entry[] }): Promise<RegisteredModel> {
  const kept = lastOfEach(tags.map(registryTag))
  const now = clock.now().getTime()
  const { rows } = await sql`
    with made as (
      insert into tracking.registered_models (name, description, created_at, updated_at) values (${checkModelName(name)}, ${textOf(description ?? '')}, ${now}, ${now})
      on conflict (name) do nothing returning id),
    tagged as (
      insert into tracking.registered_model_tags (model, key, value)
      select made.id, sent.key, sent.value from made, unnest(${kept.map(({ key }) => key)}::text[], ${kept.map(({ value }) => value)}::text[]) as sent (key, value))
    select id from made`.execute(database)
  if (rows.length === 0) throw exists(`Registered Model (name=${name}) already exists.`)
  return getRegisteredModel(database, name)
}

/** @throws RefitError `tracking-missing`, `tracking-invalid` */
export async function getRegisteredModel(database: Database, name: string): Promise<RegisteredModel> {
  const [model] = await registeredModelsWhere(database, sql`models.name = ${checkModelName(name)}`)
  if (model === undefined) throw modelMissing(name)
  return model
}

/** @throws RefitError `tracking-missing` */
export async function describeRegisteredModel(database: Database, clock: Clock, name: string, description: string): Promise<RegisteredModel> {
  const model = await requireModel(database, name)
  await sql`update tracking.registered_models set description = ${textOf(description)}, updated_at = ${clock.now().getTime()} where id = ${model}`.execute(database)
  return getRegisteredModel(database, name)
}

/** Renames a model with all that belongs to it. @throws RefitError `tracking-missing`, `tracking-exists`, `tracking-invalid` */
export async function renameRegisteredModel(database: Database, clock: Clock, name: string, to: string): Promise<RegisteredModel> {
  const wanted = checkModelName(to)
  const now = clock.now().getTime()
  const model = await requireModel(database, name, 'Its name stands in the project file.')
  const { rows } = await sql`
    with renamed as (
      update tracking.registered_models set name = ${wanted}, updated_at = ${now}
      where id = ${model} and not exists (select from tracking.registered_models where name = ${wanted} and id <> ${model}) returning id),
    versions as (update tracking.model_versions set updated_at = ${now} from renamed where model = renamed.id)
    select id from renamed`.execute(database)
  if (rows.length === 0) throw exists(`Registered Model (name=${to}) already exists.`)
  return getRegisteredModel(database, wanted)
}

/** Removes a model with its versions. @throws RefitError `tracking-missing` */
export async function deleteRegisteredModel(database: Database, name: string): Promise<void> {
  await requireModel(database, name, 'Retire it by `refit retire`; its versions and history are kept.')
  const { rows } = await sql`delete from tracking.registered_models where name = ${checkModelName(name)} returning id`.execute(database)
  if (rows.length === 0) throw modelMissing(name)
}

/** @throws RefitError `tracking-missing`, `tracking-invalid` */
export async function setRegisteredModelTag(database: Database, name: string, tag: Entry): Promise<void> {
  const { key, value } = registryTag(tag)
  const model = await requireModel(database, name, keptTag(key))
  await sql`insert into tracking.registered_model_tags (model, key, value) values (${model}, ${key}, ${value}) on conflict (model, key) do update set value = excluded.value`.execute(database)
}

/** A tag that is not there is no fault. @throws RefitError `tracking-missing` */
export async function deleteRegisteredModelTag(database: Database, name: string, key: string): Promise<void> {
  const model = await requireModel(database, name, keptTag(key))
  await sql`delete from tracking.registered_model_tags where model = ${model} and key = ${textOf(key)}`.execute(database)
}

/** Lets an alias mean a version; it moves if it meant another one. @throws RefitError `tracking-missing`, `tracking-invalid` */
export async function setAlias(database: Database, name: string, alias: string, version: number): Promise<void> {
  checkAlias(alias)
  const model = await requireModel(database, name, isChampionAlias(alias) ? `Its alias ${CHAMPION_ALIAS} is written so, and a version gets it by passing the check: set that one, or \`refit promote ${name} ${version}\`; with --force --reason "…" whatever its verdict says.` : undefined)
  const { rows } = await sql`
    insert into tracking.model_aliases (model, alias, number) select model, ${alias}::text, number from tracking.model_versions where model = ${model} and number = ${version}
    on conflict (model, alias) do update set number = excluded.number returning number`.execute(database)
  if (rows.length === 0) throw versionMissing(name, version)
}

/** An alias that is not there is no fault. @throws RefitError `tracking-missing`, `tracking-invalid` */
export async function deleteAlias(database: Database, name: string, alias: string): Promise<void> {
  const model = await requireModel(database, name, isChampionAlias(alias) ? `Its alias ${CHAMPION_ALIAS} names what serves. Go back to the version before by \`refit rollback\`, or end it by \`refit retire\`.` : undefined)
  await sql`delete from tracking.model_aliases where model = ${model} and alias = ${textOf(alias)}`.execute(database)
}

/** The version that an alias means. @throws RefitError `tracking-invalid`, also where there is no such model: MLflow does not tell which of the two is missing */
export async function versionOfAlias(database: Database, name: string, alias: string): Promise<number> {
  if (alias.toLowerCase() === 'latest') return latestVersion(database, name)
  const { rows } = await sql<{ number: number }>`
    select aliases.number from tracking.aliases as aliases join tracking.registered_models as models on models.id = aliases.model
    where models.name = ${checkModelName(name)} and aliases.alias = ${textOf(alias)}`.execute(database)
  const [found] = rows
  if (found === undefined) throw invalid(`Registered model alias ${alias} not found.`)
  return found.number
}

/** What the alias means that nobody can set. */
async function latestVersion(database: Database, name: string): Promise<number> {
  const model = await requireModel(database, name)
  const { rows } = await sql<{ number: number | null }>`select max(number) as number from tracking.model_versions where model = ${model}`.execute(database)
  const number = rows[0]?.number ?? null
  if (number === null) throw missing(`Latest version not found for model ${name}.`)
  return number
}

/**
 * The number of a model for this room's own tables. `refusal`: why what is to be done is not done to a model of the
 * lifecycle; undefined: it is.
 * @throws RefitError `tracking-missing`, `tracking-invalid`
 */
export async function requireModel(database: Database | Transaction, name: string, refusal?: string): Promise<number> {
  const { rows } = await sql<{ id: number; of_lifecycle: boolean }>`select id::float8 as id, of_lifecycle from tracking.registered_models where name = ${checkModelName(name)}`.execute(database)
  const [found] = rows
  if (found === undefined) throw modelMissing(name)
  if (found.of_lifecycle && refusal !== undefined) throw invalid(`${name} is a model of this project, and Refit keeps it. ${refusal}`)
  return found.id
}

/** Whether it is a model of the lifecycle, and not one that a client has registered. */
export async function isOfLifecycle(database: Database, name: string): Promise<boolean> {
  const { rows } = await sql`select from tracking.registered_models where name = ${checkModelName(name)} and of_lifecycle`.execute(database)
  return rows.length > 0
}

/** The alias of the version of a model of the lifecycle that serves. */
export const CHAMPION_ALIAS = 'champion'

/** Whether somebody could take an alias for that of what serves. */
function isChampionAlias(alias: string): boolean {
  return alias.toLowerCase() === CHAMPION_ALIAS
}

/** Why a tag of a model of the lifecycle is not changed: it is one of its facts. Undefined: it is none. */
export function keptTag(key: string): string | undefined {
  return key.startsWith('refit.') ? 'Its tags that begin with refit. are facts.' : undefined
}

/** Registered models that a condition on `models` selects, with their tags, aliases and latest versions. */
export async function registeredModelsWhere(database: Database, condition: RawBuilder<unknown>, rest: RawBuilder<unknown> = sql``): Promise<readonly RegisteredModel[]> {
  const { rows } = await sql<ModelRow>`
    select models.id::float8 as id, models.name, models.description, models.created_at::float8 as created_at, models.updated_at::float8 as updated_at
    from tracking.registered_models as models where ${condition} ${rest}`.execute(database)
  if (rows.length === 0) return []
  const ids = rows.map(({ id }) => id)
  const [tags, aliases, versions] = await Promise.all([
    sql<Entry & { model: number }>`select model::float8 as model, key, value from tracking.registered_tags where model = any(${ids}::bigint[]) order by model, key`.execute(database),
    sql<{ model: number; alias: string; number: number }>`select model::float8 as model, alias, number from tracking.aliases where model = any(${ids}::bigint[]) order by model, alias`.execute(database),
    versionsWhere(database, sql`(versions.model, versions.number) in (select model, max(number) from tracking.model_versions where model = any(${ids}::bigint[]) group by model, stage)`, sql`order by versions.model, versions.number`),
  ])
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    description: row.description,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    latestVersions: versions.filter(({ model }) => model === row.name),
    tags: tags.rows.filter(({ model }) => model === row.id).map(({ key, value }) => ({ key, value })),
    aliases: aliases.rows.filter(({ model }) => model === row.id).map(({ alias, number }) => ({ alias, version: number })),
  }))
}

interface ModelRow {
  readonly id: number
  readonly name: string
  readonly description: string
  readonly created_at: number
  readonly updated_at: number
}

/** @throws RefitError `tracking-invalid` */
export function checkModelName(name: string): string {
  if (name === '') throw invalid("Missing value for required parameter 'name'.")
  if (/[/:]/.test(name) || charactersOf(name) > LONGEST_NAME) throw invalid(`Invalid model name: '${name.slice(0, 100)}'. A name has at most ${LONGEST_NAME} characters and cannot contain '/' or ':'.`)
  return textOf(name)
}

/** A tag of a registered model or a version. @throws RefitError `tracking-invalid` */
export function registryTag({ key, value }: Entry): Entry {
  if (charactersOf(key) > LONGEST_KEY || !/^[\p{L}\p{N}_\-.:/ ]+$/u.test(key)) {
    throw invalid(`Invalid tag name: '${key.slice(0, 100)}'. Names have at most ${LONGEST_KEY} characters and may only contain alphanumerics, underscores (_), dashes (-), periods (.), colons(:), spaces ( ), and slashes (/).`)
  }
  if (charactersOf(value) > LONGEST_TAG) throw invalid(`'value' exceeds the maximum length of ${LONGEST_TAG} characters`)
  return { key, value: textOf(value) }
}

/** @throws RefitError `tracking-invalid`, also for what could be taken for something else */
function checkAlias(alias: string): void {
  if (!/^[\w-]{1,255}$/.test(alias)) throw invalid(`Invalid alias name: '${alias.slice(0, 100)}'. Names have at most 255 characters and may only contain alphanumerics, underscores (_), and dashes (-).`)
  if (alias.toLowerCase() === 'latest') throw invalid("'latest' alias name (case insensitive) is reserved.")
  if (/^v\d+$/i.test(alias)) throw invalid(`Version alias name '${alias}' is reserved.`)
}

export function modelMissing(name: string): ReturnType<typeof missing> {
  return missing(`Registered Model with name=${name} not found`)
}
