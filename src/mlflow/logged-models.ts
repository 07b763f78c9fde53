import type { FastifyInstance, FastifyPluginCallback } from 'fastify'
import { below, checkArtifactPath } from '../tracking/artifact-path.js'
import {
  createLoggedModel, deleteLoggedModel, deleteLoggedModelTag, finalizeLoggedModel, getLoggedModel, logModelParams, modelStatuses, setLoggedModelTags, type LoggedModel, type ModelMetric,
} from '../tracking/logged-models.js'
import { recordModel } from '../tracking/model-history.js'
import { invalid } from '../tracking/refusals.js'
import { searchLoggedModels } from '../tracking/search/search-logged-models.js'
import { unlessEmpty, wireDouble } from './answers.js'
import { entriesOf, rootOf, send, wireFile } from './artifacts.js'
import { entry } from './experiments.js'
import { between, flag, idText, list, message, oneOf, optional, readMessage, required, text, withDefault, words } from './message.js'
import type { MlflowParts } from './parts.js'
import { handle } from './routes.js'
import { writerTo } from './training-rules.js'

const LARGEST_PAGE = 50_000
const DEFAULT_PAGE = 50
const modelId = required(words)
const entries = withDefault(list(entry), [])

const creation = message({ experiment_id: withDefault(idText, '0'), name: optional(text), model_type: optional(text), source_run_id: optional(text), params: entries, tags: entries })
const dataset = message({ dataset_name: required(words), dataset_digest: optional(text) })
const order = message({ field_name: required(words), ascending: withDefault(flag, true), dataset_name: optional(text), dataset_digest: optional(text) })
const search = message({
  experiment_ids: withDefault(list(idText), []),
  filter: withDefault(text, ''),
  datasets: withDefault(list(dataset), []),
  max_results: withDefault(between(1, LARGEST_PAGE), DEFAULT_PAGE),
  order_by: withDefault(list(order), []),
  page_token: optional(text),
})

/** Logged models, below /mlflow. */
export function loggedModelRoutes(app: FastifyInstance, parts: MlflowParts): void {
  const { database, clock, trainings } = parts
  handle(app, 'POST', '/logged-models', 'operator', creation, async ({ experiment_id, name, model_type, source_run_id, params, tags }, { training }) => {
    const model = await createLoggedModel(database, clock, { experiment: experiment_id, name, type: model_type, sourceRun: source_run_id ?? training?.scope.ownRun, params, tags })
    if (training !== undefined) trainings?.noteModel(training.scope, model.id, model.artifactUri)
    return { model: wireModel(model) }
  })
  handle(app, 'POST', '/logged-models/search', 'viewer', search, async ({ experiment_ids, filter, datasets, max_results, order_by, page_token }) => {
    const page = await searchLoggedModels(database, {
      experiments: experiment_ids,
      filter,
      datasets: datasets.map(({ dataset_name, dataset_digest }) => ({ name: dataset_name, digest: dataset_digest })),
      order: order_by.map(({ field_name, ascending, dataset_name, dataset_digest }) => ({
        field: field_name,
        isAscending: ascending,
        dataset: dataset_name === undefined || dataset_name === '' ? undefined : { name: dataset_name, digest: dataset_digest === '' ? undefined : dataset_digest },
      })),
      most: max_results,
      pageToken: page_token,
    })
    return { models: unlessEmpty(page.items.map(wireModel)), next_page_token: page.nextToken }
  })
  handle(app, 'GET', '/logged-models/:model_id', 'viewer', message({ model_id: modelId, allow_deleted: withDefault(flag, false) }), async ({ model_id, allow_deleted }) => ({
    model: wireModel(await getLoggedModel(database, model_id, { deletedToo: allow_deleted })),
  }))
  handle(app, 'PATCH', '/logged-models/:model_id', 'operator', message({ model_id: modelId, status: required(oneOf(modelStatuses)) }), async ({ model_id, status }) => ({
    model: wireModel(await finalizeLoggedModel(database, clock, model_id, status)),
  }))
  handle(app, 'DELETE', '/logged-models/:model_id', 'operator', message({ model_id: modelId }), async ({ model_id }) => {
    await deleteLoggedModel(database, clock, model_id)
    return {}
  })
  handle(app, 'PATCH', '/logged-models/:model_id/tags', 'operator', message({ model_id: modelId, tags: entries }), async ({ model_id, tags }) => ({ model: wireModel(await setLoggedModelTags(database, model_id, tags)) }))
  handle(app, 'DELETE', '/logged-models/:model_id/tags/:tag_key', 'operator', message({ model_id: modelId, tag_key: required(words) }), async ({ model_id, tag_key }) => {
    await deleteLoggedModelTag(database, model_id, tag_key)
    return {}
  })
  handle(app, 'POST', '/logged-models/:model_id/params', 'operator', message({ model_id: modelId, params: entries }), async ({ model_id, params }) => {
    await logModelParams(database, model_id, params)
    return {}
  })
  const listing = message({ model_id: modelId, artifact_directory_path: withDefault(text, ''), page_token: optional(text) })
  handle(app, 'GET', '/logged-models/:model_id/artifacts/directories', 'viewer', listing, async ({ model_id, artifact_directory_path }) => {
    const within = checkArtifactPath(artifact_directory_path)
    const { artifactUri } = await getLoggedModel(database, model_id)
    const found = await entriesOf(parts, below(rootOf(artifactUri), within))
    return { root_uri: artifactUri, files: unlessEmpty(found.map((each) => wireFile(each, within))) }
  })
  handle(app, 'POST', '/runs/log-model', 'operator', message({ run_id: required(words, 'run_uuid'), model_json: required(words) }), async ({ run_id, model_json }) => {
    await recordModel(database, run_id, model_json, writerTo(run_id, trainings))
    return {}
  })
}

const file = message({ artifact_file_path: required(words) })
const named = message({ model_id: modelId })

/** Files of logged models, as MLflow's pages ask for them. */
export function loggedModelFileRoutes(parts: MlflowParts): FastifyPluginCallback {
  return (app, _options, done) => {
    app.get('/ajax-api/2.0/mlflow/logged-models/:model_id/artifacts/files', { config: { role: 'viewer' }, schema: { hide: true } }, async (request, reply) => {
      const within = checkArtifactPath(readMessage(file, request.query, true).artifact_file_path)
      if (within === '') throw invalid('Invalid path')
      const { artifactUri } = await getLoggedModel(parts.database, readMessage(named, request.params, true).model_id)
      return send(parts, below(rootOf(artifactUri), within), reply)
    })
    done()
  }
}

function wireModel(model: LoggedModel): object {
  return {
    info: {
      model_id: model.id,
      experiment_id: model.experiment,
      name: model.name,
      creation_timestamp_ms: model.createdAt,
      last_updated_timestamp_ms: model.updatedAt,
      artifact_uri: model.artifactUri,
      status: model.status,
      model_type: model.type,
      source_run_id: model.sourceRun,
      status_message: model.statusMessage,
      tags: unlessEmpty(model.tags),
    },
    data: { params: unlessEmpty(model.params), metrics: unlessEmpty(model.metrics.map((metric) => wireModelMetric(metric, model.id))) },
  }
}

function wireModelMetric({ key, value, at, step, run, datasetName, datasetDigest }: ModelMetric, model: string): object {
  return { key, value: wireDouble(value), timestamp: at, step, run_id: run, model_id: model, dataset_name: datasetName, dataset_digest: datasetDigest }
}
