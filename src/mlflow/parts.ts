import type { Clock } from '../clock.js'
import type { Database } from '../database/schema.js'
import type { ObjectStore } from '../objects/object-store.js'

/** What MLflow's API needs of the rest. */
export interface MlflowParts {
  readonly database: Database
  readonly objects: ObjectStore
  readonly clock: Clock
}
