import type { Clock } from '../clock.js'
import type { Database } from '../database/schema.js'
import type { ObjectStore } from '../objects/object-store.js'
import type { TrainingTokens } from '../tracking/training-tokens.js'
import type { PredictorAdapter } from '../predictors/predictor.js'

/** What MLflow's API needs of the rest. */
export interface MlflowParts {
  readonly database: Database
  readonly objects: ObjectStore
  readonly clock: Clock
  /** Of the trainings under way, where there are any: they may ask for what is theirs. */
  readonly trainings?: TrainingTokens | undefined
  /** Where runs of the lifecycle are shown on this server, each as `<reports>/<run>/report`; undefined: they are not. */
  readonly reports?: string | undefined
  /** The formats of versions, which clients load by their own means. */
  readonly predictors: readonly Pick<PredictorAdapter, 'format' | 'inPython'>[]
}
