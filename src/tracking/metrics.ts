import { sql } from 'kysely'
import type { Database, Transaction } from '../database/schema.js'
import { checkKey, MOST_INTEGER } from './entries.js'
import { invalid } from './refusals.js'
import { isWritable, tellWhyNotWritable, type Writer } from './runs.js'

/** One value of a metric at one time and step. NaN and the infinities are values like any other. */
export interface Metric {
  readonly key: string
  readonly value: number
  /** Milliseconds since 1970. */
  readonly at: number
  readonly step: number
}

/** Of a logged model, where it is one's. */
export interface LoggedMetric extends Metric {
  readonly model: string | undefined
  readonly datasetName: string | undefined
  readonly datasetDigest: string | undefined
}

/**
 * Logs values of a run in one statement: its latest values, its points, and those of the logged models they are of. A
 * value that is there already, exactly as it is sent, is not added again.
 * @throws RefitError `tracking-missing`, `tracking-invalid`
 */
export async function logMetrics(database: Database | Transaction, run: string, metrics: readonly LoggedMetric[], by: Writer): Promise<void> {
  for (const metric of metrics) checkMetric(metric)
  const latest = latestOfEach(metrics)
  const ofModels = metrics.filter(({ model }) => model !== undefined)
  const { rows } = await sql`
    /* prepared tracking-log-metrics */
    with run as (select number, id from tracking.runs where ${isWritable(run, by)}),
    latest as (
      insert into tracking.series as present (run, key, step, at, value)
      select run.number, sent.* from run, unnest(
        ${latest.map(({ key }) => key)}::text[], ${latest.map(({ step }) => step)}::bigint[], ${latest.map(({ at }) => at)}::bigint[], ${latest.map(({ value }) => value)}::float8[]
      ) as sent (key, step, at, value)
      on conflict (run, key) do update set (step, at, value) = (
        select newer.step, newer.at, newer.value from (values (present.step, present.at, present.value), (excluded.step, excluded.at, excluded.value)) as newer (step, at, value)
        order by newer.step desc, newer.at desc, coalesce(nullif(newer.value, 'NaN'), 0) desc limit 1)
      returning id, key),
    points as (
      insert into tracking.points (series, at, step, value)
      select latest.id, sent.at, sent.step, sent.value from unnest(
        ${metrics.map(({ key }) => key)}::text[], ${metrics.map(({ at }) => at)}::bigint[], ${metrics.map(({ step }) => step)}::bigint[], ${metrics.map(({ value }) => value)}::float8[]
      ) as sent (key, at, step, value) join latest using (key)
      on conflict do nothing),
    of_models as (
      insert into tracking.logged_model_metrics (model, key, at, step, run, value, dataset_name, dataset_digest)
      select sent.model, sent.key, sent.at, sent.step, run.id, sent.value, sent.dataset_name, sent.dataset_digest from run, unnest(
        ${ofModels.map(({ model }) => model ?? '')}::text[], ${ofModels.map(({ key }) => key)}::text[], ${ofModels.map(({ at }) => at)}::bigint[], ${ofModels.map(({ step }) => step)}::bigint[],
        ${ofModels.map(({ value }) => value)}::float8[], ${ofModels.map(({ datasetName }) => datasetName ?? null)}::text[], ${ofModels.map(({ datasetDigest }) => datasetDigest ?? null)}::text[]
      ) as sent (model, key, at, step, value, dataset_name, dataset_digest)
      on conflict do nothing)
    select number from run`.execute(database)
  if (rows.length === 0) await tellWhyNotWritable(database, run)
}

/** The histories of one metric in several runs, run by run in the order given; runs that are not there have none. */
export async function metricHistories(database: Database, runs: readonly string[], key: string, most: number): Promise<readonly (Metric & { readonly run: string })[]> {
  const { rows } = await sql<PointRow & { readonly run: string }>`
    select runs.id as run, points.at::float8 as at, points.step::float8 as step, points.value
    from unnest(${runs}::text[]) with ordinality as asked (id, position)
    join tracking.runs using (id) join tracking.series on series.run = runs.number and series.key = ${key} join tracking.points on points.series = series.id
    order by asked.position, points.at, points.step, points.value limit ${most}`.execute(database)
  return rows.map((row) => ({ key, ...row }))
}

/** The steps that each run has values of a metric for, ascending. */
export async function metricSteps(database: Database, runs: readonly string[], key: string): Promise<ReadonlyMap<string, readonly number[]>> {
  const { rows } = await sql<{ run: string; steps: readonly number[] }>`
    select runs.id as run, array_agg(distinct points.step::float8 order by points.step::float8) as steps
    from tracking.runs join tracking.series on series.run = runs.number join tracking.points on points.series = series.id
    where runs.id = any(${runs}::text[]) and series.key = ${key} group by runs.id`.execute(database)
  return new Map(rows.map(({ run, steps }) => [run, steps]))
}

/** The values of a metric of a run at some steps, by step, time and value. */
export async function metricAtSteps(database: Database, run: string, key: string, steps: readonly number[], most: number): Promise<readonly Metric[]> {
  const { rows } = await sql<PointRow>`
    select points.at::float8 as at, points.step::float8 as step, points.value
    from tracking.runs join tracking.series on series.run = runs.number join tracking.points on points.series = series.id
    where runs.id = ${run} and series.key = ${key} and points.step = any(${steps}::bigint[])
    order by points.step, points.at, points.value limit ${most}`.execute(database)
  return rows.map((row) => ({ key, ...row }))
}

interface PointRow {
  readonly at: number
  readonly step: number
  readonly value: number
}

/** @throws RefitError `tracking-invalid` */
export function checkMetric({ key, at, step }: Metric): void {
  checkKey(key, 'metric')
  if (at < 0) throw invalid(`Got invalid timestamp ${at} for metric '${key}'. Timestamp must be a nonnegative long (64-bit integer)`)
  for (const number of [at, step]) if (Math.abs(number) >= MOST_INTEGER) throw invalid(`Got ${number} for metric '${key}', which is no 64-bit integer`)
}

/** The greatest value of each metric by step, time and value, where NaN counts as 0. Sorted, so that two batches never wait for each other. */
function latestOfEach(metrics: readonly Metric[]): readonly Metric[] {
  const latest = new Map<string, Metric>()
  for (const metric of metrics) {
    const present = latest.get(metric.key)
    if (present === undefined || isNewer(metric, present)) latest.set(metric.key, metric)
  }
  return [...latest.values()].toSorted((one, other) => (one.key < other.key ? -1 : 1))
}

function isNewer(one: Metric, other: Metric): boolean {
  if (one.step !== other.step) return one.step > other.step
  if (one.at !== other.at) return one.at > other.at
  const [value, otherValue] = [one.value, other.value].map((each) => (Number.isNaN(each) ? 0 : each))
  return (value ?? 0) > (otherValue ?? 0)
}
