import { sql } from 'kysely'
import type { Clock } from '../clock.js'
import type { Database } from '../database/schema.js'
import { textOf, type Entry } from './entries.js'
import { numberOf } from './experiments.js'
import { checkForeignLocation } from './foreign-location.js'
import { begunDigest, DIGEST_TAG, importStateOf, SERVER_TAG, type ImportState, type Whence } from './imported.js'
import { neededExperiment } from './needed-experiment.js'
import { invalid, missing } from './refusals.js'
import { getRun, RUN_NAME_TAG, type RunInfo, type RunStatus } from './runs.js'

/** A run of another server, which keeps its id here: addresses of the form `runs:/…`, and tags that name other runs, go on holding. */
export interface ImportedRun extends Whence {
  readonly id: string
  /** The experiment that it lies in, by its name: ids of experiments are each server's own. */
  readonly experiment: { readonly name: string; readonly tags: readonly Entry[] }
  readonly name: string
  readonly user: string
  readonly status: RunStatus
  readonly startedAt: number
  readonly endedAt: number | undefined
  /** Where its files lie, if that is a store that clients ask themselves. */
  readonly artifactUri: string | undefined
}

/**
 * Makes a run under its id, or opens the one that was brought before, also one that is deleted: what was logged of it may then
 * be logged as ever. A run of that id that came otherwise is left alone.
 * @throws RefitError `tracking-invalid`
 */
export async function importRun(database: Database, clock: Clock, imported: ImportedRun): Promise<{ readonly state: ImportState; readonly run: RunInfo }> {
  const { id, name, user, status, startedAt, endedAt, experiment, server } = imported
  if (!/^[\da-f]{32}$/.test(id)) throw invalid(`'${id.slice(0, 100)}' is no id of a run.`)
  const here = await whenceOf(database, id)
  if (here !== undefined) {
    const state = importStateOf(here, imported)
    if (state === 'open' || state === 'changed') {
      await sql`
        with opened as (
          update tracking.runs set name = ${textOf(name)}, user_name = ${textOf(user)}, status = ${status}, started_at = ${startedAt}, ended_at = ${endedAt ?? null}::bigint, is_deleted = false
          where id = ${id} returning number, name)
        insert into tracking.tags (run, key, value) select number, ${RUN_NAME_TAG}, name from opened
        on conflict (run, key) do update set value = excluded.value`.execute(database)
    }
    return { state, run: await getRun(database, id) }
  }
  const location = imported.artifactUri === undefined ? undefined : textOf(checkForeignLocation(imported.artifactUri))
  const { id: within } = await neededExperiment(database, clock, experiment.name, experiment.tags)
  const { rows } = await sql`
    with made as (
      insert into tracking.runs (id, experiment, name, user_name, status, started_at, ended_at, artifact_uri)
      values (${id}, ${numberOf(within)}, ${textOf(name)}, ${textOf(user)}, ${status}, ${startedAt}, ${endedAt ?? null}::bigint, ${location ?? `mlflow-artifacts:/${within}/${id}/artifacts`})
      on conflict (id) do nothing returning number, name),
    tagged as (
      insert into tracking.tags (run, key, value)
      select made.number, tag.key, tag.value from made, lateral (values (${RUN_NAME_TAG}::text, made.name), (${SERVER_TAG}::text, ${textOf(server)}::text), (${DIGEST_TAG}::text, ${begunDigest(imported.digest) ?? null}::text)) as tag (key, value) where tag.value is not null)
    select number from made`.execute(database)
  // Somebody else has made it meanwhile.
  if (rows.length === 0) return importRun(database, clock, imported)
  return { state: 'open', run: await getRun(database, id) }
}

/**
 * Says that all of a run has been brought, and whether it is deleted there: at once, so that whoever is interrupted brings the
 * rest again. @throws RefitError `tracking-missing` for a run that was not brought from that server
 */
export async function finishImportedRun(database: Database, { server, digest, id, isDeleted }: Whence & { readonly id: string; readonly isDeleted: boolean }): Promise<void> {
  const { rows } = await sql`
    with finished as (
      update tracking.runs set is_deleted = ${isDeleted}
      where id = ${textOf(id)} and exists (select from tracking.tags as tag where tag.run = runs.number and tag.key = ${SERVER_TAG} and tag.value = ${textOf(server)})
      returning number),
    tagged as (
      insert into tracking.tags (run, key, value) select number, ${DIGEST_TAG}, ${digest ?? ''} from finished where ${digest ?? null}::text is not null
      on conflict (run, key) do update set value = excluded.value)
    select number from finished`.execute(database)
  if (rows.length === 0) throw missing(`Run with id=${id} was not brought from ${server}`)
}

async function whenceOf(database: Database, id: string): Promise<{ readonly server: string | null; readonly digest: string | null } | undefined> {
  const { rows } = await sql<{ server: string | null; digest: string | null }>`
    select (select value from tracking.tags where run = runs.number and key = ${SERVER_TAG}) as server, (select value from tracking.tags where run = runs.number and key = ${DIGEST_TAG}) as digest
    from tracking.runs where id = ${id}`.execute(database)
  return rows[0]
}
