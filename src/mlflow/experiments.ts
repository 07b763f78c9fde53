import type { FastifyInstance } from 'fastify'
import {
  createExperiment, deleteExperiment, deleteExperimentTag, getExperiment, getExperimentByName, numberOf, renameExperiment, restoreExperiment, setExperimentTag,
} from '../tracking/experiments.js'
import { datasetsOf } from '../tracking/inputs.js'
import { invalid } from '../tracking/refusals.js'
import { searchExperiments } from '../tracking/search/search-experiments.js'
import { unlessEmpty, wireExperiment } from './answers.js'
import { between, idText, list, message, oneOf, optional, required, text, withDefault, words } from './message.js'
import type { MlflowParts } from './parts.js'
import { handle } from './routes.js'

export const views = ['ACTIVE_ONLY', 'DELETED_ONLY', 'ALL'] as const
export const entry = message({ key: required(words), value: withDefault(text, '') })

const LARGEST_PAGE = 50_000
const MOST_EXPERIMENTS_OF_DATASETS = 20

const search = message({
  max_results: withDefault(between(1, LARGEST_PAGE), 1000),
  filter: withDefault(text, ''),
  order_by: withDefault(list(text), []),
  page_token: optional(text),
  view_type: withDefault(oneOf(views), 'ACTIVE_ONLY'),
})

/** Experiments, below /mlflow. */
export function experimentRoutes(app: FastifyInstance, { database, clock }: MlflowParts): void {
  handle(app, 'POST', '/experiments/create', 'operator', message({ name: required(words), artifact_location: optional(text), tags: withDefault(list(entry), []) }), async ({ name, artifact_location, tags }, { training }) => ({
    experiment_id: training?.scope.experiment ?? (await createExperiment(database, clock, { name, artifactLocation: artifact_location, tags })),
  }))
  const byId = message({ experiment_id: required(idText) })
  handle(app, 'GET', '/experiments/get', 'viewer', byId, async ({ experiment_id }) => ({ experiment: wireExperiment(await getExperiment(database, experiment_id)) }))
  handle(app, 'GET', '/experiments/get-by-name', 'viewer', message({ experiment_name: required(words) }), async ({ experiment_name }, { training }) => ({
    // Scripts name the experiment that they were written with, and MLflow's client insists that it is that of the run it was given.
    experiment: wireExperiment(await (training === undefined ? getExperimentByName(database, experiment_name) : getExperiment(database, training.scope.experiment))),
  }))
  for (const method of ['GET', 'POST'] as const) {
    handle(app, method, '/experiments/search', 'viewer', search, async ({ filter, view_type, order_by, max_results, page_token }) => {
      const page = await searchExperiments(database, { filter, view: view_type, order: order_by, most: max_results, pageToken: page_token })
      return { experiments: unlessEmpty(page.items.map(wireExperiment)), next_page_token: page.nextToken }
    })
  }
  handle(app, 'POST', '/experiments/update', 'operator', message({ experiment_id: required(idText), new_name: required(words) }), async ({ experiment_id, new_name }) => {
    await renameExperiment(database, clock, experiment_id, new_name)
    return {}
  })
  handle(app, 'POST', '/experiments/delete', 'operator', byId, async ({ experiment_id }) => {
    await deleteExperiment(database, clock, experiment_id)
    return {}
  })
  handle(app, 'POST', '/experiments/restore', 'operator', byId, async ({ experiment_id }) => {
    await restoreExperiment(database, clock, experiment_id)
    return {}
  })
  handle(app, 'POST', '/experiments/set-experiment-tag', 'operator', message({ experiment_id: required(idText), key: required(words), value: withDefault(text, '') }), async ({ experiment_id, key, value }) => {
    await setExperimentTag(database, clock, experiment_id, { key, value })
    return {}
  })
  handle(app, 'POST', '/experiments/delete-experiment-tag', 'operator', message({ experiment_id: required(idText), key: required(words) }), async ({ experiment_id, key }) => {
    await deleteExperimentTag(database, clock, experiment_id, key)
    return {}
  })
  handle(app, 'POST', '/experiments/search-datasets', 'viewer', message({ experiment_ids: withDefault(list(idText), []) }), async ({ experiment_ids }) => {
    if (experiment_ids.length === 0) throw invalid('SearchDatasets request must specify at least one experiment_id.')
    if (experiment_ids.length > MOST_EXPERIMENTS_OF_DATASETS) throw invalid(`SearchDatasets request cannot specify more than ${MOST_EXPERIMENTS_OF_DATASETS} experiment_ids. Received ${experiment_ids.length} experiment_ids.`)
    const found = await datasetsOf(database, experiment_ids.map(numberOf))
    return { dataset_summaries: found.map(({ experiment, name, digest, context }) => ({ experiment_id: experiment, name, digest, context: context ?? '' })) }
  })
}
