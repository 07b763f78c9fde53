import type { Run } from '../tracking/run-data.js'
import type { TrainingLog } from './wire/run.js'

/** What MLflow's API has of a training, and the stage that it was. */
export type TrackedRun = Run & { readonly stage: string }

/** Of parameters and metrics so many are told; a run may have thousands. */
const MOST = 100
/** Of the value of a parameter, which may be a whole file. */
const LONGEST = 500

/** What the trainings of a run have logged through MLflow; those that have logged nothing tell nothing. */
export function trainingLogs(runs: readonly TrackedRun[]): readonly TrainingLog[] {
  return runs.flatMap(({ stage, info, data: { params, metrics, modelOutputs } }) =>
    params.length + metrics.length + modelOutputs.length === 0
      ? []
      : [
          {
            stage,
            run: info.id,
            experiment: info.experiment,
            status: info.status,
            params: params.slice(0, MOST).map(({ key, value }) => ({ key, value: value.slice(0, LONGEST) })),
            // JSON has no word for NaN and the infinities.
            metrics: metrics.slice(0, MOST).map(({ key, value, step }) => ({ key, value: Number.isFinite(value) ? value : String(value), step })),
            more: Math.max(0, params.length - MOST) + Math.max(0, metrics.length - MOST),
            models: modelOutputs.length,
          },
        ],
  )
}
