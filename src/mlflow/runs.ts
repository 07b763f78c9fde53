import type { FastifyInstance } from 'fastify'
import { deleteTag, logBatch, logParam, setTag } from '../tracking/batch.js'
import { logInputs, logOutputs } from '../tracking/inputs.js'
import { withData } from '../tracking/run-data.js'
import { createRun, deleteRun, getRun, restoreRun, runStatuses, updateRun } from '../tracking/runs.js'
import { RUN_TAG, STAGE_TAG, trainingName } from '../tracking/training-runs.js'
import { searchRuns } from '../tracking/search/search-runs.js'
import { unlessEmpty, wireRun, wireRunInfo } from './answers.js'
import { entry, views } from './experiments.js'
import { between, idText, integer, list, message, oneOf, optional, required, text, withDefault, words } from './message.js'
import { loggedMetric, metricMessage } from './metrics.js'
import type { MlflowParts } from './parts.js'
import { handle } from './routes.js'
import { writerTo } from './training-rules.js'

const LARGEST_PAGE = 50_000
const runId = required(words, 'run_uuid')

const search = message({
  experiment_ids: withDefault(list(idText), []),
  filter: withDefault(text, ''),
  run_view_type: withDefault(oneOf(views), 'ACTIVE_ONLY'),
  max_results: withDefault(between(1, LARGEST_PAGE), 1000),
  order_by: withDefault(list(text), []),
  page_token: optional(text),
})

const creation = message({
  experiment_id: withDefault(idText, '0'),
  user_id: optional(text),
  run_name: optional(text),
  start_time: optional(integer),
  tags: withDefault(list(entry), []),
})

const update = message({ run_id: runId, status: optional(oneOf(runStatuses)), end_time: optional(integer), run_name: optional(text) })

const dataset = message({ name: required(words), digest: required(words), source_type: required(words), source: required(words), schema: optional(text), profile: optional(text) })
const inputs = message({
  run_id: runId,
  datasets: withDefault(list(message({ tags: withDefault(list(entry), []), dataset: required(dataset) })), []),
  models: withDefault(list(message({ model_id: required(words) })), []),
})
const outputs = message({ run_id: runId, models: withDefault(list(message({ model_id: required(words), step: withDefault(integer, 0) })), []) })
const batch = message({ run_id: runId, metrics: withDefault(list(metricMessage), []), params: withDefault(list(entry), []), tags: withDefault(list(entry), []) })
const param = message({ run_id: runId, key: required(words), value: withDefault(text, '') })

/** Runs and what is logged of them, below /mlflow. */
export function runRoutes(app: FastifyInstance, { database, trainings }: MlflowParts): void {
  const whole = async (id: string): Promise<object> => {
    const [run] = await withData(database, [await getRun(database, id)])
    return run === undefined ? {} : wireRun(run)
  }
  handle(app, 'POST', '/runs/create', 'operator', creation, async ({ experiment_id, run_name, user_id, start_time, tags }, { training }) => {
    const ofTraining = training === undefined ? [] : [{ key: RUN_TAG, value: training.scope.run }, { key: STAGE_TAG, value: training.scope.stage }]
    const { id, artifactUri } = await createRun(database, { experiment: experiment_id, name: run_name, user: user_id, startedAt: start_time, training: training === undefined ? undefined : trainingName(training.scope), tags: [...tags, ...ofTraining] })
    if (training !== undefined) trainings?.noteRun(training.scope, id, artifactUri)
    return { run: await whole(id) }
  })
  handle(app, 'POST', '/runs/update', 'operator', update, async ({ run_id, status, end_time, run_name }) => ({
    run_info: wireRunInfo(await updateRun(database, run_id, { name: run_name, status, endedAt: end_time }, writerTo(run_id, trainings))),
  }))
  const byId = message({ run_id: runId })
  handle(app, 'GET', '/runs/get', 'viewer', byId, async ({ run_id }) => ({ run: await whole(run_id) }))
  handle(app, 'POST', '/runs/delete', 'operator', byId, async ({ run_id }) => {
    await deleteRun(database, run_id)
    return {}
  })
  handle(app, 'POST', '/runs/restore', 'operator', byId, async ({ run_id }) => {
    await restoreRun(database, run_id)
    return {}
  })
  handle(app, 'POST', '/runs/search', 'viewer', search, async ({ experiment_ids, filter, run_view_type, order_by, max_results, page_token }) => {
    const page = await searchRuns(database, { experiments: experiment_ids, filter, view: run_view_type, order: order_by, most: max_results, pageToken: page_token })
    return { runs: unlessEmpty((await withData(database, page.items)).map(wireRun)), next_page_token: page.nextToken }
  })
  handle(app, 'POST', '/runs/log-batch', 'operator', batch, async ({ run_id, metrics, params, tags }) => {
    await logBatch(database, run_id, { metrics: metrics.map(loggedMetric), params, tags }, writerTo(run_id, trainings))
    return {}
  })
  handle(app, 'POST', '/runs/log-parameter', 'operator', param, async ({ run_id, key, value }) => {
    await logParam(database, run_id, { key, value }, writerTo(run_id, trainings))
    return {}
  })
  handle(app, 'POST', '/runs/set-tag', 'operator', param, async ({ run_id, key, value }) => {
    await setTag(database, run_id, { key, value }, writerTo(run_id, trainings))
    return {}
  })
  handle(app, 'POST', '/runs/delete-tag', 'operator', message({ run_id: runId, key: required(words) }), async ({ run_id, key }) => {
    await deleteTag(database, run_id, key, writerTo(run_id, trainings))
    return {}
  })
  handle(app, 'POST', '/runs/log-inputs', 'operator', inputs, async ({ run_id, datasets, models }) => {
    const read = datasets.map(({ dataset: { source_type, ...rest }, tags }) => ({ dataset: { ...rest, sourceType: source_type }, tags }))
    await logInputs(database, run_id, read, models.map(({ model_id }) => model_id), writerTo(run_id, trainings))
    return {}
  })
  handle(app, 'POST', '/runs/outputs', 'operator', outputs, async ({ run_id, models }) => {
    await logOutputs(database, run_id, models.map(({ model_id, step }) => ({ model: model_id, step })), writerTo(run_id, trainings))
    return {}
  })
}
