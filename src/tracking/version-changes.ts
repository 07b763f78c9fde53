import { sql, type RawBuilder } from 'kysely'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Clock } from '../clock.js'
import type { Database, Transaction } from '../database/schema.js'
import { jsonIn, lastOfEach, textOf, type Entry } from './entries.js'
import { stageNamed, versionMissing, versionsWhere, type ModelVersion, type Stage } from './model-versions.js'
import { invalid } from './refusals.js'
import { checkModelName, keptTag, modelMissing, registryTag, requireModel } from './registered-models.js'
import { resolveSource } from './version-source.js'

export interface NewVersion {
  readonly model: string
  readonly source: string
  readonly run: string | undefined
  readonly runLink: string | undefined
  readonly description: string | undefined
  readonly loggedModel: string | undefined
  readonly user: string
  readonly tags: readonly Entry[]
}

/** Registers a version. Its number is one more than that of any before it, also of those that are deleted. @throws RefitError `tracking-missing`, `tracking-invalid` */
export async function createVersion(database: Database, clock: Clock, { model, source, run, runLink, description, loggedModel, user, tags }: NewVersion): Promise<ModelVersion> {
  const kept = lastOfEach(tags.map(registryTag))
  const id = await requireModel(database, model, 'Its versions come from its lifecycle. Bring one that was made elsewhere by `refit adopt`, which checks it.')
  const resolved = await resolveSource(database, source, loggedModel)
  const now = clock.now().getTime()
  const number = await database.transaction().execute(async (transaction) => {
    const { rows } = await sql<{ number: number }>`
      with counted as (update tracking.registered_models set next_version = next_version + 1, updated_at = ${now} where id = ${id} returning next_version - 1 as number),
      made as (
        insert into tracking.model_versions (model, number, created_at, updated_at, description, user_name, source, location, run, run_link, logged_model)
        select ${id}::bigint, number, ${now}::bigint, ${now}::bigint, ${textOf(description ?? '')}, ${textOf(user)}, ${textOf(source)}, ${resolved.location}, ${textOf(run ?? resolved.run ?? '')}, ${textOf(runLink ?? '')},
          ${loggedModel === undefined ? null : textOf(loggedModel)}::text
        from counted returning number)
      select number from made`.execute(transaction)
    const [made] = rows
    // It was deleted since it was looked for.
    if (made === undefined) throw modelMissing(model)
    await sql`
      insert into tracking.model_version_tags (model, number, key, value)
      select ${id}::bigint, ${made.number}::integer, sent.key, sent.value from unnest(${kept.map(({ key }) => key)}::text[], ${kept.map(({ value }) => value)}::text[]) as sent (key, value)`.execute(transaction)
    if (loggedModel !== undefined) await noteRegistration(transaction, loggedModel, model, made.number)
    return made.number
  })
  return getVersion(database, model, number)
}

/** @throws RefitError `tracking-missing`, `tracking-invalid` */
export async function getVersion(database: Database, model: string, number: number): Promise<ModelVersion> {
  const [version] = await versionsWhere(database, sql`models.name = ${checkModelName(model)} and versions.number = ${number}`)
  if (version === undefined) throw versionMissing(model, number)
  return version
}

/** @throws RefitError `tracking-missing` */
export async function describeVersion(database: Database, clock: Clock, model: string, number: number, description: string): Promise<ModelVersion> {
  await change(database, model, number, sql`description = ${textOf(description)}, updated_at = ${clock.now().getTime()}`)
  return getVersion(database, model, number)
}

/** Moves a version to a stage, and those that are there to the archive if that is asked for. @throws RefitError `tracking-missing`, `tracking-invalid` */
export async function moveToStage(database: Database, clock: Clock, model: string, number: number, { stage, archiveOthers }: { readonly stage: string; readonly archiveOthers: boolean }): Promise<ModelVersion> {
  const wanted = stageNamed(stage)
  if (archiveOthers && !active.includes(wanted)) {
    throw invalid(`Model version transition cannot archive existing model versions because '${wanted}' is not an Active stage. Valid stages are ${active.join(', ')}`)
  }
  const now = clock.now().getTime()
  await database.transaction().execute(async (transaction) => {
    const id = await change(transaction, model, number, sql`stage = ${wanted}, updated_at = ${now}`, 'Its versions have no stages. Set the alias champion to promote one.')
    if (archiveOthers) await sql`update tracking.model_versions set stage = 'Archived', updated_at = ${now} where model = ${id} and number <> ${number} and stage = ${wanted}`.execute(transaction)
    await sql`update tracking.registered_models set updated_at = ${now} where id = ${id}`.execute(transaction)
  })
  return getVersion(database, model, number)
}

const active: readonly Stage[] = ['Staging', 'Production']

/** Removes a version with its tags and aliases. @throws RefitError `tracking-missing` */
export async function deleteVersion(database: Database, clock: Clock, model: string, number: number): Promise<void> {
  const id = await requireModel(database, model, 'Its versions are kept.')
  const { rows } = await sql`
    with gone as (delete from tracking.model_versions where model = ${id} and number = ${number} returning model),
    touched as (update tracking.registered_models set updated_at = ${clock.now().getTime()} from gone where id = gone.model)
    select model from gone`.execute(database)
  if (rows.length === 0) throw versionMissing(model, number)
}

/** @throws RefitError `tracking-missing`, `tracking-invalid` */
export async function setVersionTag(database: Database, model: string, number: number, tag: Entry): Promise<void> {
  const { key, value } = registryTag(tag)
  const id = await change(database, model, number, sql`number = number`, keptTag(key))
  await sql`insert into tracking.model_version_tags (model, number, key, value) values (${id}, ${number}, ${key}, ${value}) on conflict (model, number, key) do update set value = excluded.value`.execute(database)
}

/** A tag that is not there is no fault. @throws RefitError `tracking-missing` */
export async function deleteVersionTag(database: Database, model: string, number: number, key: string): Promise<void> {
  const id = await change(database, model, number, sql`number = number`, keptTag(key))
  await sql`delete from tracking.model_version_tags where model = ${id} and number = ${number} and key = ${textOf(key)}`.execute(database)
}

/** The highest version of each of some stages, or of every one. @throws RefitError `tracking-missing`, `tracking-invalid` */
export async function latestVersions(database: Database, model: string, stages: readonly string[]): Promise<readonly ModelVersion[]> {
  const wanted = stages.map(stageNamed)
  const id = await requireModel(database, model)
  const found = await versionsWhere(database, sql`(versions.model, versions.number) in (select model, max(number) from tracking.model_versions where model = ${id} group by model, stage)`, sql`order by versions.number`)
  return wanted.length === 0 ? found : found.filter(({ stage }) => wanted.includes(stage))
}

/** `refusal` as in `requireModel`. */
async function change(database: Database | Transaction, model: string, number: number, set: RawBuilder<unknown>, refusal?: string): Promise<number> {
  const id = await requireModel(database, model, refusal)
  const { rows } = await sql`update tracking.model_versions set ${set} where model = ${id} and number = ${number} returning number`.execute(database)
  if (rows.length === 0) throw versionMissing(model, number)
  return id
}

const REGISTRATIONS_TAG = 'mlflow.modelVersions'
const Registrations = Type.Array(Type.Object({ name: Type.String(), version: Type.Integer() }))

/** Notes at a logged model under which name and number it is registered. */
async function noteRegistration(transaction: Transaction, loggedModel: string, name: string, version: number): Promise<void> {
  await sql`select from tracking.logged_models where id = ${textOf(loggedModel)} for update`.execute(transaction)
  const { rows } = await sql<{ value: string }>`select value from tracking.logged_model_tags where model = ${textOf(loggedModel)} and key = ${REGISTRATIONS_TAG}`.execute(transaction)
  const present = jsonIn(rows[0]?.value ?? '[]')
  const all = [...(Value.Check(Registrations, present) ? present : []), { name, version }]
  await sql`
    insert into tracking.logged_model_tags (model, key, value) values (${textOf(loggedModel)}, ${REGISTRATIONS_TAG}, ${textOf(JSON.stringify(all))})
    on conflict (model, key) do update set value = excluded.value`.execute(transaction)
}
