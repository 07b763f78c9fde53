import type { Entry } from '../tracking/entries.js'
import type { Experiment } from '../tracking/experiments.js'
import type { DatasetInput } from '../tracking/inputs.js'
import type { Metric } from '../tracking/metrics.js'
import type { Run } from '../tracking/run-data.js'
import type { RunInfo } from '../tracking/runs.js'

/** What leaves the server: snake_case, and what is unset or an empty list is left out. */

/** A number of floating point, for which JSON has no NaN and no infinities. */
export function wireDouble(value: number): number | string {
  return Number.isFinite(value) ? value : String(value)
}

/** A list, unless it is empty. */
export function unlessEmpty<T>(values: readonly T[]): readonly T[] | undefined {
  return values.length === 0 ? undefined : values
}

export function wireTags(tags: readonly Entry[]): readonly Entry[] | undefined {
  return unlessEmpty(tags)
}

export function wireExperiment({ id, name, artifactLocation, isDeleted, createdAt, updatedAt, tags }: Experiment): object {
  return {
    experiment_id: id,
    name,
    artifact_location: artifactLocation,
    lifecycle_stage: stageOf(isDeleted),
    last_update_time: updatedAt,
    creation_time: createdAt,
    tags: wireTags(tags),
  }
}

export function wireRunInfo({ id, experiment, name, user, status, startedAt, endedAt, artifactUri, isDeleted }: RunInfo): object {
  return {
    run_id: id,
    run_uuid: id,
    run_name: name,
    experiment_id: experiment,
    user_id: user,
    status,
    start_time: startedAt,
    end_time: endedAt,
    artifact_uri: artifactUri,
    lifecycle_stage: stageOf(isDeleted),
  }
}

export function wireRun({ info, data }: Run): object {
  return {
    info: wireRunInfo(info),
    data: { metrics: unlessEmpty(data.metrics.map(wireMetric)), params: unlessEmpty(data.params), tags: unlessEmpty(data.tags) },
    inputs: {
      dataset_inputs: unlessEmpty(data.datasets.map(wireInput)),
      model_inputs: unlessEmpty(data.modelInputs.map((model_id) => ({ model_id }))),
    },
    outputs: data.modelOutputs.length === 0 ? undefined : { model_outputs: data.modelOutputs.map(({ model, step }) => ({ model_id: model, step })) },
  }
}

export function wireMetric({ key, value, at, step }: Metric): object {
  return { key, value: wireDouble(value), timestamp: at, step }
}

export function stageOf(isDeleted: boolean): 'active' | 'deleted' {
  return isDeleted ? 'deleted' : 'active'
}

function wireInput({ dataset, tags }: DatasetInput): object {
  const { name, digest, sourceType, source, schema, profile } = dataset
  return { tags: unlessEmpty(tags), dataset: { name, digest, source_type: sourceType, source, schema, profile } }
}
