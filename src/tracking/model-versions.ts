import { sql, type RawBuilder } from 'kysely'
import type { Database } from '../database/schema.js'
import type { Entry } from './entries.js'
import { invalid, missing } from './refusals.js'

export const stages = ['None', 'Staging', 'Production', 'Archived'] as const
export type Stage = (typeof stages)[number]

/** One version of a registered model. */
export interface ModelVersion {
  /** Name of the model. */
  readonly model: string
  readonly number: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly description: string
  readonly user: string
  readonly stage: Stage
  /** As it was sent. */
  readonly source: string
  /** Where its files lie. */
  readonly location: string
  readonly run: string
  readonly runLink: string
  readonly loggedModel: string | undefined
  readonly tags: readonly Entry[]
  readonly aliases: readonly string[]
}

/** Versions that a condition on `versions` and `models` selects. */
export async function versionsWhere(database: Database, condition: RawBuilder<unknown>, rest: RawBuilder<unknown> = sql``): Promise<readonly ModelVersion[]> {
  const { rows } = await sql<VersionRow>`
    select models.name as model, versions.number, versions.created_at::float8 as created_at, versions.updated_at::float8 as updated_at, versions.description, versions.user_name, versions.stage,
      versions.source, versions.location, versions.run, versions.run_link, versions.logged_model,
      array(select key from tracking.version_tags as tag where tag.model = versions.model and tag.number = versions.number order by key) as keys,
      array(select value from tracking.version_tags as tag where tag.model = versions.model and tag.number = versions.number order by key) as values,
      array(select alias from tracking.aliases as named where named.model = versions.model and named.number = versions.number order by alias) as aliases
    from tracking.model_versions as versions join tracking.registered_models as models on models.id = versions.model
    where ${condition} ${rest}`.execute(database)
  return rows.map((row) => ({
    model: row.model,
    number: row.number,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    description: row.description,
    user: row.user_name,
    stage: row.stage,
    source: row.source,
    location: row.location,
    run: row.run,
    runLink: row.run_link,
    loggedModel: row.logged_model ?? undefined,
    tags: row.keys.map((key, index) => ({ key, value: row.values[index] ?? '' })),
    aliases: row.aliases,
  }))
}

interface VersionRow {
  readonly model: string
  readonly number: number
  readonly created_at: number
  readonly updated_at: number
  readonly description: string
  readonly user_name: string
  readonly stage: Stage
  readonly source: string
  readonly location: string
  readonly run: string
  readonly run_link: string
  readonly logged_model: string | null
  readonly keys: readonly string[]
  readonly values: readonly string[]
  readonly aliases: readonly string[]
}

/** A stage by its name in any case. @throws RefitError `tracking-invalid` */
export function stageNamed(name: string): Stage {
  const found = stages.find((stage) => stage.toLowerCase() === name.toLowerCase())
  if (found === undefined) throw invalid(`Invalid Model Version stage: ${name.slice(0, 100)}. Value must be one of ${stages.join(', ')}.`)
  return found
}

/** The number that a version goes by on the wire. @throws RefitError `tracking-invalid` */
export function versionNumber(version: string): number {
  if (!/^\d{1,9}$/.test(version)) throw invalid(`Parameter 'version' must be an integer, got '${version.slice(0, 100)}'`)
  return Number(version)
}

export function versionMissing(model: string, number: number): ReturnType<typeof missing> {
  return missing(`Model Version (name=${model}, version=${number}) not found`)
}
