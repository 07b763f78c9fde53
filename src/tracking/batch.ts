import { sql } from 'kysely'
import type { Database, Transaction } from '../database/schema.js'
import { lastOfEach, paramEntry, tagEntry, textOf, type Entry } from './entries.js'
import { logMetrics, type LoggedMetric } from './metrics.js'
import { invalid, missing } from './refusals.js'
import { getActiveRun, getWritableRun, isWritable, RUN_NAME_TAG, tellWhyNotWritable, type Writer } from './runs.js'

const MOST_METRICS = 1000
const MOST_PARAMS = 100
const MOST_TAGS = 100
const MOST_TOGETHER = 1000

export interface Batch {
  readonly metrics: readonly LoggedMetric[]
  readonly params: readonly Entry[]
  readonly tags: readonly Entry[]
}

/**
 * Logs all of a batch or nothing of it. Sent again, it changes nothing.
 * @throws RefitError `tracking-missing`, `tracking-invalid`
 */
export async function logBatch(database: Database, run: string, { metrics, params, tags }: Batch, by: Writer): Promise<void> {
  for (const [what, count, most] of [
    ['metrics', metrics.length, MOST_METRICS],
    ['params', params.length, MOST_PARAMS],
    ['tags', tags.length, MOST_TAGS],
  ] as const) {
    if (count > most) throw invalid(`A batch logging request can contain at most ${most} ${what}. Got ${count} ${what}. Please split up ${what} across multiple requests and try again.`)
  }
  const together = metrics.length + params.length + tags.length
  if (together > MOST_TOGETHER) throw invalid(`A batch logging request can contain at most ${MOST_TOGETHER} metrics, params, and tags in total. Got ${together}.`)
  const keys = new Set<string>()
  for (const { key } of params) {
    if (keys.has(key)) throw invalid(`Duplicate parameter keys have been submitted: ${JSON.stringify([key])}. Please ensure the request contains only one param value per param key.`)
    keys.add(key)
  }
  const keptParams = params.map(paramEntry)
  const keptTags = tags.map(tagEntry)
  const kinds = [metrics, params, tags].filter(({ length }) => length > 0).length
  if (kinds === 0) {
    await getActiveRun(database, run)
    return
  }
  // One statement is a transaction already.
  const within = <T>(work: (transaction: Database | Transaction) => Promise<T>): Promise<T> => (kinds === 1 && params.length === 0 ? work(database) : database.transaction().execute(work))
  await within(async (transaction) => {
    if (params.length > 0) await logParams(transaction, run, keptParams, by)
    if (metrics.length > 0) await logMetrics(transaction, run, metrics, by)
    if (tags.length > 0) await setTags(transaction, run, keptTags, by)
  })
}

/** Logs one parameter. @throws RefitError `tracking-missing`, `tracking-invalid` where it has another value */
export async function logParam(database: Database, run: string, entry: Entry, by: Writer): Promise<void> {
  await logParams(database, run, [paramEntry(entry)], by)
}

/** Sets one tag. @throws RefitError `tracking-missing`, `tracking-invalid` */
export async function setTag(database: Database, run: string, entry: Entry, by: Writer): Promise<void> {
  await setTags(database, run, [tagEntry(entry)], by)
}

/** @throws RefitError `tracking-missing`, `tracking-invalid` */
export async function deleteTag(database: Database, run: string, key: string, by: Writer): Promise<void> {
  const { number } = await getWritableRun(database, run, writerOfTags([key], by))
  const { rows } = await sql`delete from tracking.tags where run = ${number} and key = ${textOf(key)} returning key`.execute(database)
  if (rows.length === 0) throw missing(`No tag with name: ${key} in run with id ${run}`)
}

/** Alone it changes nothing where a value differs, so a transaction is needed only beside others. */
async function logParams(database: Database | Transaction, run: string, entries: readonly Entry[], by: Writer): Promise<void> {
  const params = lastOfEach(entries)
  const { rows } = await sql<{ key: string | null; value: string | null }>`
    /* prepared tracking-log-params */
    with run as (select number from tracking.runs where ${isWritable(run, by)}),
    kept as (
      insert into tracking.params as present (run, key, value)
      select run.number, sent.key, sent.value from run, unnest(${params.map(({ key }) => key)}::text[], ${params.map(({ value }) => value)}::text[]) as sent (key, value)
      on conflict (run, key) do update set value = present.value
      returning key, value)
    select kept.key, kept.value from run left join kept on true`.execute(database)
  if (rows.length === 0) await tellWhyNotWritable(database, run)
  const present = new Map(rows.map(({ key, value }) => [key, value]))
  const changed = params.filter(({ key, value }) => present.get(key) !== value)
  if (changed.length > 0) {
    const told = changed.map(({ key, value }) => `{'key': '${key}', 'old_value': '${present.get(key) ?? ''}', 'new_value': '${value}'}`).join(', ')
    throw invalid(`Changing param values is not allowed. Params were already logged with other values for run ID='${run}': [${told.slice(0, 2000)}].`)
  }
}

async function setTags(database: Database | Transaction, run: string, entries: readonly Entry[], by: Writer): Promise<void> {
  const tags = lastOfEach(entries)
  const name = tags.find(({ key }) => key === RUN_NAME_TAG)?.value ?? null
  const { rows } = await sql`
    /* prepared tracking-set-tags */
    with run as (select number from tracking.runs where ${isWritable(run, writerOfTags(tags.map(({ key }) => key), by))}),
    named as (update tracking.runs set name = ${name}::text from run where runs.number = run.number and ${name}::text is not null),
    kept as (
      insert into tracking.tags (run, key, value)
      select run.number, sent.key, sent.value from run, unnest(${tags.map(({ key }) => key)}::text[], ${tags.map(({ value }) => value)}::text[]) as sent (key, value)
      on conflict (run, key) do update set value = excluded.value)
    select number from run`.execute(database)
  if (rows.length === 0) await tellWhyNotWritable(database, run)
}

/** The description that MLflow's pages show of a run. */
const NOTE_TAG = 'mlflow.note.content'

/** Anybody may write what people note of a run that is kept; other tags of Refit and MLflow are facts. */
function writerOfTags(keys: readonly string[], by: Writer): Writer {
  return keys.every((key) => key === NOTE_TAG || !/^(?:refit|mlflow)\./.test(key)) ? 'training' : by
}
