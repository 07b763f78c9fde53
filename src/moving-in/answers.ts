import { Type, type Static } from 'typebox'

/** What a server answers that speaks MLflow's API, as far as it is brought. Everything else in an answer is passed over. */

const Whole = Type.Union([Type.Integer(), Type.String({ pattern: '^-?\\d{1,19}$' })])
const Double = Type.Union([Type.Number(), Type.Literal('NaN'), Type.Literal('Infinity'), Type.Literal('-Infinity')])
const Id = Type.String({ minLength: 1, maxLength: 100 })
const Name = Type.String({ minLength: 1, maxLength: 1000 })
const Uri = Type.String({ maxLength: 4000 })
const Description = Type.String({ maxLength: 1_000_000 })
const PageToken = Type.Optional(Type.String({ maxLength: 2000 }))
const Entry = Type.Object({ key: Type.String({ maxLength: 1000 }), value: Type.Optional(Type.String({ maxLength: 200_000 })) })
const Entries = Type.Optional(Type.Array(Entry, { maxItems: 100_000 }))
const Stage = Type.Optional(Type.String({ maxLength: 100 }))

const Point = Type.Object({ key: Type.String({ maxLength: 1000 }), value: Double, timestamp: Whole, step: Type.Optional(Whole) })
export type Point = Static<typeof Point>

const Dataset = Type.Object({
  name: Type.String({ maxLength: 1000 }),
  digest: Type.String({ maxLength: 100 }),
  source_type: Type.String({ maxLength: 100 }),
  source: Type.String({ maxLength: 100_000 }),
  schema: Type.Optional(Type.String({ maxLength: 2_000_000 })),
  profile: Type.Optional(Type.String({ maxLength: 17_000_000 })),
})

const RunStatus = Type.Union([Type.Literal('RUNNING'), Type.Literal('SCHEDULED'), Type.Literal('FINISHED'), Type.Literal('FAILED'), Type.Literal('KILLED')])

const RunInfo = Type.Object({
  run_id: Id,
  experiment_id: Id,
  run_name: Type.Optional(Type.String({ maxLength: 10_000 })),
  user_id: Type.Optional(Type.String({ maxLength: 10_000 })),
  status: RunStatus,
  start_time: Type.Optional(Whole),
  end_time: Type.Optional(Whole),
  artifact_uri: Type.Optional(Uri),
  lifecycle_stage: Stage,
})

export const Run = Type.Object({
  info: RunInfo,
  data: Type.Optional(Type.Object({ metrics: Type.Optional(Type.Array(Point, { maxItems: 100_000 })), params: Entries, tags: Entries })),
  inputs: Type.Optional(
    Type.Object({
      dataset_inputs: Type.Optional(Type.Array(Type.Object({ tags: Entries, dataset: Dataset }), { maxItems: 10_000 })),
      model_inputs: Type.Optional(Type.Array(Type.Object({ model_id: Id }), { maxItems: 10_000 })),
    }),
  ),
  outputs: Type.Optional(Type.Object({ model_outputs: Type.Optional(Type.Array(Type.Object({ model_id: Id, step: Type.Optional(Whole) }), { maxItems: 10_000 })) })),
})
export type Run = Static<typeof Run>
export const RunAnswer = Type.Object({ run: Run })

export const HistoryAnswer = Type.Object({ metrics: Type.Optional(Type.Array(Point, { maxItems: 1_000_000 })), next_page_token: PageToken })

export const Experiment = Type.Object({ experiment_id: Id, name: Name, tags: Entries })
export type Experiment = Static<typeof Experiment>
export const ExperimentAnswer = Type.Object({ experiment: Experiment })

const ModelStatus = Type.Union([Type.Literal('LOGGED_MODEL_PENDING'), Type.Literal('LOGGED_MODEL_READY'), Type.Literal('LOGGED_MODEL_UPLOAD_FAILED')])

const ModelPoint = Type.Object({
  ...Point.properties,
  run_id: Type.Optional(Type.String({ maxLength: 100 })),
  dataset_name: Type.Optional(Type.String({ maxLength: 1000 })),
  dataset_digest: Type.Optional(Type.String({ maxLength: 100 })),
})

export const LoggedModel = Type.Object({
  info: Type.Object({
    model_id: Id,
    experiment_id: Id,
    name: Type.Optional(Type.String({ maxLength: 1000 })),
    creation_timestamp_ms: Type.Optional(Whole),
    last_updated_timestamp_ms: Type.Optional(Whole),
    artifact_uri: Type.Optional(Uri),
    status: Type.Optional(ModelStatus),
    status_message: Type.Optional(Description),
    model_type: Type.Optional(Type.String({ maxLength: 1000 })),
    source_run_id: Type.Optional(Type.String({ maxLength: 100 })),
    tags: Entries,
  }),
  data: Type.Optional(Type.Object({ params: Entries, metrics: Type.Optional(Type.Array(ModelPoint, { maxItems: 100_000 })) })),
})
export type LoggedModel = Static<typeof LoggedModel>
export const LoggedModelAnswer = Type.Object({ model: LoggedModel })

const Aliases = Type.Optional(Type.Array(Type.Object({ alias: Type.String({ maxLength: 1000 }), version: Whole }), { maxItems: 100_000 }))

export const RegisteredModel = Type.Object({
  name: Name,
  creation_timestamp: Type.Optional(Whole),
  last_updated_timestamp: Type.Optional(Whole),
  description: Type.Optional(Description),
  tags: Entries,
  aliases: Aliases,
})
export type RegisteredModel = Static<typeof RegisteredModel>
export const RegisteredModelAnswer = Type.Object({ registered_model: RegisteredModel })
export const RegisteredModelsAnswer = Type.Object({ registered_models: Type.Optional(Type.Array(RegisteredModel, { maxItems: 10_000 })), next_page_token: PageToken })

export const ModelVersion = Type.Object({
  name: Name,
  version: Whole,
  creation_timestamp: Type.Optional(Whole),
  last_updated_timestamp: Type.Optional(Whole),
  user_id: Type.Optional(Type.String({ maxLength: 10_000 })),
  current_stage: Stage,
  description: Type.Optional(Description),
  source: Type.Optional(Uri),
  run_id: Type.Optional(Type.String({ maxLength: 100 })),
  run_link: Type.Optional(Uri),
  tags: Entries,
  model_id: Type.Optional(Type.String({ maxLength: 100 })),
})
export type ModelVersion = Static<typeof ModelVersion>
export const ModelVersionsAnswer = Type.Object({ model_versions: Type.Optional(Type.Array(ModelVersion, { maxItems: 200_000 })), next_page_token: PageToken })

export const DownloadUriAnswer = Type.Object({ artifact_uri: Type.Optional(Uri) })

export const FilesAnswer = Type.Object({
  files: Type.Optional(Type.Array(Type.Object({ path: Type.String({ maxLength: 10_000 }), is_dir: Type.Optional(Type.Boolean()), file_size: Type.Optional(Whole) }), { maxItems: 1_000_000 })),
})

/** What Refit answers. */
export const Nothing = Type.Object({})
export const Identity = Type.Object({ id: Type.String({ minLength: 1, maxLength: 100 }) })
/** As `ImportState`. */
export const Imported = Type.Object({ state: Type.Union([Type.Literal('open'), Type.Literal('changed'), Type.Literal('complete'), Type.Literal('other')]), artifact_uri: Type.String() })
export const ImportedModel = Type.Object({ name: Type.Optional(Type.String()), is_new: Type.Boolean(), of_lifecycle: Type.Boolean() })
export const ImportedVersion = Type.Object({ state: Type.Union([Type.Literal('made'), Type.Literal('present'), Type.Literal('other')]) })

/** A number that may come as digits. */
export function numberOf(whole: number | string | undefined): number | undefined {
  return whole === undefined ? undefined : Number(whole)
}
