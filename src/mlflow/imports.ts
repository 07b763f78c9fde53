import type { FastifyInstance } from 'fastify'
import { identityOf } from '../tracking/identity.js'
import { finishImportedLoggedModel, importLoggedModel } from '../tracking/imported-logged-models.js'
import { finishImportedRun, importRun } from '../tracking/imported-runs.js'
import { importRegisteredModel, importVersion } from '../tracking/imported-versions.js'
import { modelStatuses } from '../tracking/logged-models.js'
import { versionNumber } from '../tracking/model-versions.js'
import { runStatuses } from '../tracking/runs.js'
import { entry } from './experiments.js'
import { between, double, flag, idText, integer, list, message, oneOf, optional, required, text, withDefault, words } from './message.js'
import type { MlflowParts } from './parts.js'
import { handle } from './routes.js'

const entries = withDefault(list(entry), [])
/** Milliseconds since 1970. */
const time = between(0, Number.MAX_SAFE_INTEGER)
const whence = { server: required(words), digest: optional(words) }
const experiment = { experiment_name: required(words), experiment_tags: entries }

const run = message({
  ...whence,
  ...experiment,
  run_id: required(words),
  run_name: withDefault(text, ''),
  user_id: withDefault(text, ''),
  status: required(oneOf(runStatuses)),
  start_time: withDefault(time, 0),
  end_time: optional(time),
  artifact_uri: optional(words),
})

const modelMetric = message({
  key: required(words), value: required(double), timestamp: required(integer), step: withDefault(integer, 0), run_id: withDefault(text, ''), dataset_name: optional(text), dataset_digest: optional(text),
})

const loggedModel = message({
  ...whence,
  ...experiment,
  model_id: required(words),
  name: withDefault(text, ''),
  model_type: withDefault(text, ''),
  source_run_id: withDefault(text, ''),
  status: required(oneOf(modelStatuses)),
  status_message: optional(text),
  creation_timestamp_ms: withDefault(time, 0),
  last_updated_timestamp_ms: withDefault(time, 0),
  artifact_uri: optional(words),
  params: entries,
  tags: entries,
  metrics: withDefault(list(modelMetric), []),
})

const registeredModel = message({
  server: required(words),
  name: required(words),
  wanted_name: required(words),
  description: withDefault(text, ''),
  creation_timestamp: withDefault(time, 0),
  last_updated_timestamp: withDefault(time, 0),
  tags: entries,
})

const version = message({
  server: required(words),
  name: required(words),
  version: required(idText),
  creation_timestamp: withDefault(time, 0),
  last_updated_timestamp: withDefault(time, 0),
  description: withDefault(text, ''),
  user_id: withDefault(text, ''),
  current_stage: withDefault(words, 'None'),
  source: required(words),
  location: required(words),
  run_id: withDefault(text, ''),
  run_link: withDefault(text, ''),
  model_id: optional(words),
  tags: entries,
})

/**
 * What MLflow's own API has no words for: which server this is, and making a run or a logged model under the id, and a version under the number, that
 * it has on another server. `refit import` reads there and tells it here; this server asks no other one. Everything else
 * that it brings goes by the API that clients use.
 */
export function importRoutes(app: FastifyInstance, { database, clock }: MlflowParts): void {
  handle(app, 'GET', '/refit/imports/identity', 'viewer', message({}), async () => ({ id: await identityOf(database) }))
  handle(app, 'POST', '/refit/imports/runs', 'operator', run, async ({ server, digest, experiment_name, experiment_tags, run_id, run_name, user_id, status, start_time, end_time, artifact_uri }) => {
    const made = await importRun(database, clock, {
      server, digest, id: run_id, experiment: { name: experiment_name, tags: experiment_tags }, name: run_name, user: user_id, status, startedAt: start_time, endedAt: end_time, artifactUri: artifact_uri,
    })
    return { state: made.state, artifact_uri: made.run.artifactUri }
  })
  handle(app, 'POST', '/refit/imports/logged-models', 'operator', loggedModel, async (sent) => {
    const made = await importLoggedModel(database, clock, {
      server: sent.server,
      digest: sent.digest,
      id: sent.model_id,
      experiment: { name: sent.experiment_name, tags: sent.experiment_tags },
      name: sent.name,
      type: sent.model_type,
      sourceRun: sent.source_run_id,
      status: sent.status,
      statusMessage: sent.status_message,
      createdAt: sent.creation_timestamp_ms,
      updatedAt: sent.last_updated_timestamp_ms,
      artifactUri: sent.artifact_uri,
      params: sent.params,
      tags: sent.tags,
      metrics: sent.metrics.map(({ key, value, timestamp, step, run_id, dataset_name, dataset_digest }) => ({ key, value, at: timestamp, step, run: run_id, datasetName: dataset_name, datasetDigest: dataset_digest })),
    })
    return { state: made.state, artifact_uri: made.model.artifactUri }
  })
  const finished = { ...whence, deleted: withDefault(flag, false) }
  handle(app, 'POST', '/refit/imports/runs/finish', 'operator', message({ ...finished, run_id: required(words) }), async ({ server, digest, run_id, deleted }) => {
    await finishImportedRun(database, { server, digest, id: run_id, isDeleted: deleted })
    return {}
  })
  handle(app, 'POST', '/refit/imports/logged-models/finish', 'operator', message({ ...finished, model_id: required(words) }), async ({ server, digest, model_id, deleted }) => {
    await finishImportedLoggedModel(database, { server, digest, id: model_id, isDeleted: deleted })
    return {}
  })
  handle(app, 'POST', '/refit/imports/registered-models', 'operator', registeredModel, async ({ server, name, wanted_name, description, creation_timestamp, last_updated_timestamp, tags }) => {
    const made = await importRegisteredModel(database, { server, name, wanted: wanted_name, description, createdAt: creation_timestamp, updatedAt: last_updated_timestamp, tags })
    return { name: made.name, is_new: made.isNew, of_lifecycle: made.isOfLifecycle }
  })
  handle(app, 'POST', '/refit/imports/model-versions', 'operator', version, async (sent) => ({
    state: await importVersion(database, {
      server: sent.server,
      model: sent.name,
      number: versionNumber(sent.version),
      createdAt: sent.creation_timestamp,
      updatedAt: sent.last_updated_timestamp,
      description: sent.description,
      user: sent.user_id,
      stage: sent.current_stage,
      source: sent.source,
      location: sent.location,
      run: sent.run_id,
      runLink: sent.run_link,
      loggedModel: sent.model_id,
      tags: sent.tags,
    }),
  }))
}
