import type { FastifyInstance } from 'fastify'
import { metricHistory, placeOf } from '../tracking/metric-history.js'
import { logMetrics, metricAtSteps, metricHistories, metricSteps, type LoggedMetric, type Metric } from '../tracking/metrics.js'
import { invalid } from '../tracking/refusals.js'
import { wireDouble } from './answers.js'
import { historyAnswer } from './history-answer.js'
import { double, integer, list, message, optional, required, text, withDefault, words } from './message.js'
import type { MlflowParts } from './parts.js'
import { handle } from './routes.js'
import { sampledSteps } from './sampled-steps.js'
import { writerTo } from './training-rules.js'

const metricFields = {
  key: required(words),
  value: required(double),
  timestamp: required(integer),
  step: withDefault(integer, 0),
  model_id: optional(text),
  dataset_name: optional(text),
  dataset_digest: optional(text),
} as const

/** A metric of a batch. */
export const metricMessage = message(metricFields)

const MOST_POINTS = 25_000
const MOST_RUNS = 100
/** Of a sampled history; what a chart can show. */
const MOST_SAMPLED = 2500
const DEFAULT_SAMPLED = 320

const history = message({ run_id: required(words, 'run_uuid'), metric_key: required(words), page_token: optional(text), max_results: optional(integer) })

/** Metrics and their histories, below /mlflow. */
export function metricRoutes(app: FastifyInstance, { database, trainings }: MlflowParts): void {
  handle(app, 'POST', '/runs/log-metric', 'operator', message({ run_id: required(words, 'run_uuid'), ...metricFields }), async ({ run_id, ...metric }) => {
    await logMetrics(database, run_id, [loggedMetric(metric)], writerTo(run_id, trainings))
    return {}
  })
  handle(app, 'GET', '/metrics/get-history', 'viewer', history, async ({ run_id, metric_key, page_token, max_results }) => {
    const after = page_token === undefined || page_token === '' ? undefined : placeOf(page_token)
    if (max_results !== undefined && max_results < 1) throw invalid(`Invalid value ${max_results} for parameter 'max_results' supplied. It must be at least 1.`)
    return historyAnswer(metricHistory(database, run_id, metric_key, { after, most: max_results }))
  })
  const bulk = message({ run_id: withDefault(list(text), []), metric_key: optional(text), max_results: withDefault(integer, MOST_POINTS) })
  handle(app, 'GET', '/metrics/get-history-bulk', 'viewer', bulk, async ({ run_id, metric_key, max_results }) => {
    const key = requireRunsAndKey(run_id, metric_key)
    const found = await metricHistories(database, run_id, key, Math.min(Math.max(max_results, 0), MOST_POINTS))
    return { metrics: found.map((metric) => wireOfRun(metric.run, metric)) }
  })
  const interval = message({ run_ids: required(list(text)), metric_key: required(words), start_step: optional(integer), end_step: optional(integer), max_results: withDefault(integer, DEFAULT_SAMPLED) })
  handle(app, 'GET', '/metrics/get-history-bulk-interval', 'viewer', interval, async ({ run_ids, metric_key, start_step, end_step, max_results }) => {
    if (run_ids.length > MOST_RUNS) throw invalid(`GetMetricHistoryBulkInterval request must specify at most ${MOST_RUNS} run_ids. Received ${run_ids.length} run_ids.`)
    if (max_results < 1 || max_results > MOST_SAMPLED) throw invalid(`max_results must be between 1 and ${MOST_SAMPLED}.`)
    if ((start_step === undefined) !== (end_step === undefined)) throw invalid('If either start step or end step are specified, both must be specified.')
    if (start_step !== undefined && end_step !== undefined && start_step > end_step) throw invalid(`end_step must be greater than start_step. Found start_step=${start_step} and end_step=${end_step}.`)
    const stepsOfRuns = await metricSteps(database, run_ids, metric_key)
    const steps = sampledSteps(stepsOfRuns, { start: start_step, end: end_step, most: max_results })
    const found = await Promise.all(run_ids.map(async (run) => (await metricAtSteps(database, run, metric_key, steps.get(run) ?? [], MOST_POINTS)).map((metric) => wireOfRun(run, metric))))
    return { metrics: found.flat() }
  })
}

/** A metric as it is kept. */
export function loggedMetric({ key, value, timestamp, step, model_id, dataset_name, dataset_digest }: ReturnType<typeof metricMessage>): LoggedMetric {
  return { key, value, at: timestamp, step, model: model_id === '' ? undefined : model_id, datasetName: dataset_name, datasetDigest: dataset_digest }
}

function requireRunsAndKey(runs: readonly string[], key: string | undefined): string {
  if (runs.length === 0) throw invalid('GetMetricHistoryBulk request must specify at least one run_id.')
  if (runs.length > MOST_RUNS) throw invalid(`GetMetricHistoryBulk request cannot specify more than ${MOST_RUNS} run_ids. Received ${runs.length} run_ids.`)
  if (key === undefined || key === '') throw invalid('GetMetricHistoryBulk request must specify a metric_key.')
  return key
}

function wireOfRun(run: string, { key, value, at, step }: Metric): object {
  return { key, value: wireDouble(value), timestamp: at, step, run_id: run }
}
