import { sql } from 'kysely'
import type { Clock } from '../clock.js'
import type { Database, Transaction } from '../database/schema.js'
import { digestOf } from '../define/canonical-json.js'
import { pathInStore } from './artifact-path.js'
import { textOf } from './entries.js'
import { numberOf } from './experiments.js'
import { neededExperiment } from './needed-experiment.js'
import { withData, type Run } from './run-data.js'
import { columns, infoOf, RUN_NAME_TAG, type RunRow, type RunStatus } from './runs.js'

/** What a training of the lifecycle logs to. */
export interface TrainingRun {
  readonly id: string
  readonly experiment: string
  readonly experimentLocation: string
  readonly artifactUri: string
}

/** A training of the lifecycle, by the run and its stage. */
export interface Training {
  readonly model: string
  readonly run: string
  readonly stage: string
}

/** On every run that a training has made, for whoever looks: which one it was. */
export const RUN_TAG = 'refit.run'
export const STAGE_TAG = 'refit.stage'
const MODEL_TAG = 'refit.model'

/** The stages that train. */
const TRAINING_STAGES = ['train', 'refit'] as const

/** By which its runs are known. */
export function trainingName({ run, stage }: Pick<Training, 'run' | 'stage'>): string {
  return `${run}/${stage}`
}

/** The run that a training logs to is always the same one. */
export function trainingRunId({ run, stage }: Pick<Training, 'run' | 'stage'>): string {
  return digestOf(['training', run, stage]).slice(0, 32)
}

/**
 * Opens the run of a training, in the experiment of its model. Where the training was begun before, what that attempt has
 * logged goes: parameters never change, and those of another attempt may differ.
 */
export async function openTrainingRun(database: Database, clock: Clock, training: Training): Promise<TrainingRun> {
  const id = trainingRunId(training)
  // It is called as the model is.
  const { id: experiment, location } = await neededExperiment(database, clock, training.model, [{ key: MODEL_TAG, value: training.model }])
  const artifactUri = `mlflow-artifacts:/${experiment}/${id}/artifacts`
  const name = training.stage === 'train' ? training.run : `${training.run} (${training.stage})`
  const now = clock.now().getTime()
  await database.transaction().execute(async (transaction) => {
    // Locked by this: somebody may be deleting it.
    await sql`update tracking.experiments set of_lifecycle = true, is_deleted = false where id = ${numberOf(experiment)}`.execute(transaction)
    const { rows } = await sql<{ number: number }>`
      insert into tracking.runs (id, experiment, name, user_name, status, started_at, artifact_uri, training)
      values (${id}, ${numberOf(experiment)}, ${textOf(name)}, 'refit', 'RUNNING', ${now}, ${artifactUri}, ${trainingName(training)})
      on conflict (id) do update set experiment = excluded.experiment, name = excluded.name, status = 'RUNNING', started_at = excluded.started_at, ended_at = null, artifact_uri = excluded.artifact_uri, training = excluded.training, is_deleted = false
      returning number::float8 as number`.execute(transaction)
    const number = rows[0]?.number ?? 0
    await forget(transaction, training, id, number, artifactUri)
    const tags = { [RUN_NAME_TAG]: name, [RUN_TAG]: training.run, [STAGE_TAG]: training.stage, [MODEL_TAG]: training.model, 'mlflow.user': 'refit' }
    await sql`
      insert into tracking.tags (run, key, value)
      select ${number}::bigint, tag.key, tag.value from unnest(${Object.keys(tags)}::text[], ${Object.values(tags).map(textOf)}::text[]) as tag (key, value)`.execute(transaction)
  })
  return { id, experiment, experimentLocation: location, artifactUri }
}

/** Says how a training ended; what has been said already of runs that it began itself stays. */
export async function endTrainingRun(database: Database, clock: Clock, training: Pick<Training, 'run' | 'stage'>, status: Exclude<RunStatus, 'RUNNING' | 'SCHEDULED'>): Promise<void> {
  const now = clock.now().getTime()
  await sql`
    update tracking.runs set status = ${status}, ended_at = ${now}
    where id = ${trainingRunId(training)} or (status in ('RUNNING', 'SCHEDULED') and training = ${trainingName(training)})`.execute(database)
}

/** Ends what a run of the lifecycle has left open: its training may have been interrupted for good. */
export async function endLeftTrainingRuns(database: Database, clock: Clock, run: string): Promise<void> {
  const ids = TRAINING_STAGES.map((stage) => trainingRunId({ run, stage }))
  await sql`update tracking.runs set status = 'KILLED', ended_at = ${clock.now().getTime()} where id = any(${ids}::text[]) and status = 'RUNNING'`.execute(database)
}

/** What the trainings of a run of the lifecycle have logged, each with its stage. */
export async function trainingRunsOf(database: Database, run: string): Promise<readonly (Run & { readonly stage: string })[]> {
  const stages = new Map(TRAINING_STAGES.map((stage) => [trainingRunId({ run, stage }), stage]))
  const { rows } = await sql<RunRow>`/* prepared tracking-training-runs */ select ${columns('runs')} from tracking.runs where id = any(${[...stages.keys()]}::text[]) order by number`.execute(database)
  return (await withData(database, rows.map(infoOf))).map((each) => ({ ...each, stage: stages.get(each.info.id) ?? '' }))
}

/** What a former attempt has logged to the run, and what it began besides. */
async function forget(transaction: Transaction, training: Training, id: string, number: number, artifactUri: string): Promise<void> {
  const begun = await sql<{ number: number; id: string }>`
    update tracking.runs set is_deleted = true, status = case when status = 'RUNNING' then 'KILLED' else status end
    where id <> ${id} and training = ${trainingName(training)} returning number::float8 as number, id`.execute(transaction)
  await sql`update tracking.logged_models set is_deleted = true where source_run = any(${[id, ...begun.rows.map((run) => run.id)]}::text[])`.execute(transaction)
  await sql`delete from tracking.points where series in (select id from tracking.series where run = ${number})`.execute(transaction)
  for (const table of ['series', 'params', 'tags', 'run_models'] as const) await sql`delete from ${sql.table(`tracking.${table}`)} where run = ${number}`.execute(transaction)
  await sql`delete from tracking.input_tags where input in (select id from tracking.inputs where run = ${number})`.execute(transaction)
  await sql`delete from tracking.inputs where run = ${number}`.execute(transaction)
  const folder = pathInStore(artifactUri) ?? ''
  await sql`delete from tracking.artifacts where folder = ${folder} or (folder >= ${`${folder}/`} and folder < ${`${folder}0`})`.execute(transaction)
}
