import { sql } from 'kysely'
import type { Clock } from '../clock.js'
import type { Database } from '../database/schema.js'
import { decodedFully, pathInStore } from './artifact-path.js'
import { checkExperimentName, experimentTag, lastOfEach, textOf, type Entry } from './entries.js'
import { exists, invalid, missing, refusedByState } from './refusals.js'

/** What runs are gathered under. Ids are decimal numbers as text; that of `Default` is 0. */
export interface Experiment {
  readonly id: string
  readonly name: string
  readonly artifactLocation: string
  readonly isDeleted: boolean
  /** Of a model of the lifecycle, whose trainings log to it. */
  readonly isOfLifecycle: boolean
  /** Milliseconds since 1970, as everywhere in this room. */
  readonly createdAt: number
  readonly updatedAt: number
  readonly tags: readonly Entry[]
}

/** Where the artifacts of an experiment lie unless it says so itself. */
const ARTIFACT_ROOT = 'mlflow-artifacts:'
const LONGEST_LOCATION = 500

/** @throws RefitError `tracking-invalid`, `tracking-exists` */
export async function createExperiment(
  database: Database,
  clock: Clock,
  { name, artifactLocation, tags }: { readonly name: string; readonly artifactLocation: string | undefined; readonly tags: readonly Entry[] },
): Promise<string> {
  const kept = lastOfEach(tags.map(experimentTag))
  const location = artifactLocation === undefined || artifactLocation === '' ? null : checkLocation(artifactLocation)
  const now = clock.now().getTime()
  const { rows } = await sql<{ id: string }>`
    with next as (select nextval(pg_get_serial_sequence('tracking.experiments', 'id')) as id),
    made as (
      insert into tracking.experiments (id, name, artifact_location, created_at, updated_at)
      select id, ${checkExperimentName(name)}, coalesce(${location}::text, ${`${ARTIFACT_ROOT}/`} || id), ${now}::bigint, ${now}::bigint from next
      on conflict (name) do nothing returning id),
    tagged as (
      insert into tracking.experiment_tags (experiment, key, value)
      select made.id, tag.key, tag.value from made, unnest(${kept.map(({ key }) => key)}::text[], ${kept.map(({ value }) => value)}::text[]) as tag (key, value))
    select id from made`.execute(database)
  const [made] = rows
  if (made === undefined) throw exists(`Experiment(name=${name}) already exists. Error: the name is taken, perhaps by one that is deleted.`)
  return made.id
}

/** @throws RefitError `tracking-missing`, `tracking-invalid` for an id that is no number */
export async function getExperiment(database: Database, id: string): Promise<Experiment> {
  if (!/^-?\d+$/.test(id)) throw invalid(`Invalid experiment ID '${id.slice(0, 100)}'. Experiment ID must be a valid integer.`)
  const [found] = await experimentsWhere(database, sql`id = ${numberOf(id)}`)
  if (found === undefined) throw missing(`No Experiment with id=${id} exists`)
  return found
}

/** Also one that is deleted. @throws RefitError `tracking-missing` */
export async function getExperimentByName(database: Database, name: string): Promise<Experiment> {
  const [found] = await experimentsWhere(database, sql`name = ${textOf(name)}`)
  if (found === undefined) throw missing(`Could not find experiment with name '${name}'`)
  return found
}

/** @throws RefitError `tracking-missing`, `tracking-state`, `tracking-exists`, `tracking-invalid` for that of a model of the lifecycle */
export async function renameExperiment(database: Database, clock: Clock, id: string, name: string): Promise<void> {
  const wanted = checkExperimentName(name)
  const { isDeleted, isOfLifecycle } = await getExperiment(database, id)
  if (isDeleted) throw refusedByState('Cannot rename a non-active experiment.')
  if (isOfLifecycle) throw kept(id, 'It is called as its model is.')
  const { rows } = await sql`
    update tracking.experiments set name = ${wanted}, updated_at = ${clock.now().getTime()}
    where id = ${numberOf(id)} and not is_deleted and not of_lifecycle and not exists (select from tracking.experiments where name = ${wanted} and id <> ${numberOf(id)}) returning id`.execute(database)
  if (rows.length === 0) throw exists(`Experiment(name=${name}) already exists.`)
}

/** Deletes an experiment and its runs, which can be restored. @throws RefitError `tracking-missing` when there is no active one, `tracking-invalid` for that of a model of the lifecycle */
export async function deleteExperiment(database: Database, clock: Clock, id: string): Promise<void> {
  await setDeleted(database, clock, id, true)
}

/** @throws RefitError `tracking-missing` when there is no deleted one */
export async function restoreExperiment(database: Database, clock: Clock, id: string): Promise<void> {
  await setDeleted(database, clock, id, false)
}

/** @throws RefitError `tracking-missing`, `tracking-invalid` */
export async function setExperimentTag(database: Database, clock: Clock, id: string, tag: Entry): Promise<void> {
  const { key, value } = experimentTag(tag)
  await requireTaggable(database, id, key)
  await sql`
    with touched as (update tracking.experiments set updated_at = ${clock.now().getTime()} where id = ${numberOf(id)})
    insert into tracking.experiment_tags (experiment, key, value) values (${numberOf(id)}, ${key}, ${value})
    on conflict (experiment, key) do update set value = excluded.value`.execute(database)
}

/** @throws RefitError `tracking-missing` */
export async function deleteExperimentTag(database: Database, clock: Clock, id: string, key: string): Promise<void> {
  await requireTaggable(database, id, key)
  const { rows } = await sql`
    with gone as (delete from tracking.experiment_tags where experiment = ${numberOf(id)} and key = ${textOf(key)} returning experiment),
    touched as (update tracking.experiments set updated_at = ${clock.now().getTime()} from gone where id = gone.experiment)
    select experiment from gone`.execute(database)
  if (rows.length === 0) throw missing(`No tag with name: ${key} in experiment with id ${id}`)
}

/** Experiments that a condition on tracking.experiments selects, with their tags. */
export async function experimentsWhere(database: Database, condition: ReturnType<typeof sql>, rest: ReturnType<typeof sql> = sql``): Promise<readonly Experiment[]> {
  const { rows } = await sql<ExperimentRow>`
    select id, name, artifact_location, is_deleted, of_lifecycle, created_at::float8 as created_at, updated_at::float8 as updated_at,
      array(select key from tracking.experiment_tags as tag where tag.experiment = experiments.id order by key) as keys,
      array(select value from tracking.experiment_tags as tag where tag.experiment = experiments.id order by key) as values
    from tracking.experiments where ${condition} ${rest}`.execute(database)
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    artifactLocation: row.artifact_location,
    isDeleted: row.is_deleted,
    isOfLifecycle: row.of_lifecycle,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    tags: row.keys.map((key, index) => ({ key, value: row.values[index] ?? '' })),
  }))
}

interface ExperimentRow {
  readonly id: string
  readonly name: string
  readonly artifact_location: string
  readonly is_deleted: boolean
  readonly of_lifecycle: boolean
  readonly created_at: number
  readonly updated_at: number
  readonly keys: readonly string[]
  readonly values: readonly string[]
}

/** The number that an id stands for; one that no experiment has where it is none. */
export function numberOf(id: string): number {
  return /^\d{1,15}$/.test(id) ? Number(id) : -1
}

/** @throws RefitError `tracking-missing`, `tracking-invalid` */
async function requireTaggable(database: Database, id: string, key: string): Promise<void> {
  const { isDeleted, isOfLifecycle } = await getExperiment(database, id)
  if (isDeleted) throw invalid(`The experiment ${id} must be in the 'active' state. Current state is deleted.`)
  if (isOfLifecycle && key.startsWith('refit.')) throw kept(id, 'Its tags that begin with refit. are facts.')
}

function kept(id: string, why: string): ReturnType<typeof invalid> {
  return invalid(`The experiment ${id} is that of a model of this project, and Refit keeps it. ${why}`)
}

async function setDeleted(database: Database, clock: Clock, id: string, isDeleted: boolean): Promise<void> {
  const { rows } = await sql`
    with changed as (
      update tracking.experiments set is_deleted = ${isDeleted}, updated_at = ${clock.now().getTime()}
      where id = ${numberOf(id)} and is_deleted <> ${isDeleted} and not (of_lifecycle and ${isDeleted}) returning id),
    followed as (update tracking.runs set is_deleted = ${isDeleted} from changed where experiment = changed.id and is_deleted <> ${isDeleted})
    select id from changed`.execute(database)
  if (rows.length > 0) return
  if (isDeleted && (await experimentsWhere(database, sql`id = ${numberOf(id)} and of_lifecycle and not is_deleted`)).length > 0) throw kept(id, 'Its runs tell where versions come from.')
  throw missing(`No Experiment with id=${id} exists in the ${isDeleted ? 'active' : 'deleted'} state`)
}

/** @throws RefitError `tracking-invalid` for what would lead somewhere else than it says */
function checkLocation(location: string): string {
  const [beforeQuery = '', query = ''] = location.split('?', 2)
  if (location.length > LONGEST_LOCATION) throw invalid(`'artifact_location' exceeds the maximum length of ${LONGEST_LOCATION} characters`)
  if (location.includes('#') || beforeQuery.includes(';')) throw invalid(`'artifact_location' URL can't include fragments or params.`)
  if (/(?:^|[/\\=&])\.\.(?:$|[/\\&])/.test(decodedFully(query))) throw invalid(`Invalid query string: ${query.slice(0, 100)}`)
  if (location.startsWith('mlflow-artifacts:') && pathInStore(location) === undefined) throw invalid(`Invalid artifact location: ${location}`)
  return textOf(location)
}
