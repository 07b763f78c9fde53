import { sql } from 'kysely'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Database } from '../database/schema.js'
import { jsonIn } from './entries.js'
import { HISTORY_TAG } from './model-history.js'
import type { TrainingScope } from './training-tokens.js'

/** A model that a training has logged. */
export interface TrainedModel {
  readonly name: string
  /** Where its files lie. */
  readonly location: string
}

/** Entries of the history that clients before MLflow 3 write. Those of later ones name the logged model, which is listed by itself. */
const Histories = Type.Array(Type.Object({ artifact_path: Type.String(), model_id: Type.Optional(Type.Union([Type.String(), Type.Null()])) }))

/** The models that a training has logged to their end, in the order in which they were. */
export async function trainedModels(database: Database, { models, runs }: Pick<TrainingScope, 'models' | 'runs'>): Promise<readonly TrainedModel[]> {
  const [logged, histories] = await Promise.all([
    sql<TrainedModel>`
      select name, artifact_location as location from tracking.logged_models
      where id = any(${[...models]}::text[]) and status = 'LOGGED_MODEL_READY' and not is_deleted order by created_at, id`.execute(database),
    sql<{ value: string; artifact_uri: string }>`
      select tags.value, runs.artifact_uri from tracking.tags join tracking.runs on runs.number = tags.run
      where tags.key = ${HISTORY_TAG} and runs.id = any(${[...runs]}::text[]) order by runs.number`.execute(database),
  ])
  return [...logged.rows, ...histories.rows.flatMap(({ value, artifact_uri: uri }) => inRun(value, uri))]
}

function inRun(history: string, artifactUri: string): readonly TrainedModel[] {
  const entries = jsonIn(history)
  if (!Value.Check(Histories, entries)) return []
  // One that is logged again under its name lies in place of the former.
  const paths = new Set(entries.flatMap(({ artifact_path: path, model_id: model }) => (typeof model === 'string' ? [] : [path])))
  return [...paths].map((path) => ({ name: path, location: `${artifactUri}/${path}` }))
}
