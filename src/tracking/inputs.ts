import { sql } from 'kysely'
import type { Database } from '../database/schema.js'
import { lastOfEach, textOf, type Entry } from './entries.js'
import { invalid } from './refusals.js'
import { isWritable, tellWhyNotWritable, type Writer } from './runs.js'

/** A dataset that runs read, known by name and digest within its experiment. */
export interface Dataset {
  readonly name: string
  readonly digest: string
  readonly sourceType: string
  readonly source: string
  readonly schema: string | undefined
  readonly profile: string | undefined
}

/** That a run has read a dataset, and as what. */
export interface DatasetInput {
  readonly dataset: Dataset
  readonly tags: readonly Entry[]
}

/** A logged model that a run has made, at a step. */
export interface ModelOutput {
  readonly model: string
  readonly step: number
}

const limits = { name: 500, digest: 36, sourceType: 36, source: 65_535, schema: 1_048_575, profile: 16_777_215, tagKey: 255, tagValue: 500 } as const

function keyOf({ dataset: { name, digest } }: DatasetInput): string {
  return JSON.stringify([name, digest])
}

/**
 * Notes what a run has read. What is noted already stays as it is, with its tags.
 * @throws RefitError `tracking-missing`, `tracking-invalid`
 */
export async function logInputs(database: Database, run: string, datasets: readonly DatasetInput[], models: readonly string[], by: Writer): Promise<void> {
  datasets.forEach(checkInput)
  await database.transaction().execute(async (transaction) => {
    // In one order, so that two runs never wait for each other.
    for (const { dataset, tags } of datasets.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))) {
      const kept = lastOfEach(tags)
      await sql`
        with run as (select number, experiment from tracking.runs where ${isWritable(run, by)}),
        known as (
          insert into tracking.datasets as present (experiment, name, digest, source_type, source, schema, profile)
          select experiment, ${textOf(dataset.name)}, ${textOf(dataset.digest)}, ${textOf(dataset.sourceType)}, ${textOf(dataset.source)}, ${orNull(dataset.schema)}::text, ${orNull(dataset.profile)}::text from run
          on conflict (experiment, name, digest) do update set name = present.name
          returning id),
        added as (insert into tracking.inputs (run, dataset) select run.number, known.id from run, known on conflict do nothing returning id)
        insert into tracking.input_tags (input, key, value)
        select added.id, tag.key, tag.value from added, unnest(${kept.map(({ key }) => textOf(key))}::text[], ${kept.map(({ value }) => textOf(value))}::text[]) as tag (key, value)`.execute(transaction)
    }
    const { rows } = await sql`
      with run as (select number from tracking.runs where ${isWritable(run, by)}),
      kept as (
        insert into tracking.run_models (run, is_output, model, step)
        select run.number, false, model, 0 from run, unnest(${models.map(textOf)}::text[]) as model on conflict do nothing)
      select number from run`.execute(transaction)
    if (rows.length === 0) await tellWhyNotWritable(transaction, run)
  })
}

/** Notes which logged models a run has made; said again with another step, the step changes. @throws RefitError `tracking-missing`, `tracking-invalid` */
export async function logOutputs(database: Database, run: string, outputs: readonly ModelOutput[], by: Writer): Promise<void> {
  const last = [...new Map(outputs.map((output) => [output.model, output])).values()].toSorted((one, other) => (one.model < other.model ? -1 : 1))
  const { rows } = await sql`
    with run as (select number from tracking.runs where ${isWritable(run, by)}),
    kept as (
      insert into tracking.run_models (run, is_output, model, step)
      select run.number, true, sent.model, sent.step from run, unnest(${last.map(({ model }) => textOf(model))}::text[], ${last.map(({ step }) => step)}::bigint[]) as sent (model, step)
      on conflict (run, is_output, model) do update set step = excluded.step)
    select number from run`.execute(database)
  if (rows.length === 0) await tellWhyNotWritable(database, run)
}

/** Datasets that the runs of experiments have read, each once for each context that it was read in. */
export interface DatasetSummary {
  readonly experiment: string
  readonly name: string
  readonly digest: string
  readonly context: string | undefined
}

const MOST_SUMMARIES = 1000

export async function datasetsOf(database: Database, experiments: readonly number[]): Promise<readonly DatasetSummary[]> {
  const { rows } = await sql<{ experiment: string; name: string; digest: string; context: string | null }>`
    select distinct datasets.experiment::text as experiment, datasets.name, datasets.digest, tag.value as context
    from tracking.datasets join tracking.inputs on inputs.dataset = datasets.id left join tracking.input_tags as tag on tag.input = inputs.id and tag.key = 'mlflow.data.context'
    where datasets.experiment = any(${experiments}::bigint[]) order by 1, 2, 3, 4 limit ${MOST_SUMMARIES}`.execute(database)
  return rows.map(({ context, ...rest }) => ({ ...rest, context: context ?? undefined }))
}

function checkInput({ dataset, tags }: DatasetInput): void {
  const check = (what: string, text: string | undefined, most: number): void => {
    if (text !== undefined && text.length > most) throw invalid(`${what} exceeds the maximum length of ${most}`)
  }
  check('Dataset name', dataset.name, limits.name)
  check('Dataset digest', dataset.digest, limits.digest)
  check('Dataset source_type', dataset.sourceType, limits.sourceType)
  check('Dataset source', dataset.source, limits.source)
  check('Dataset schema', dataset.schema, limits.schema)
  check('Dataset profile', dataset.profile, limits.profile)
  for (const { key, value } of tags) {
    check('InputTag key', key, limits.tagKey)
    check('InputTag value', value, limits.tagValue)
  }
}

function orNull(text: string | undefined): string | null {
  return text === undefined ? null : textOf(text)
}
