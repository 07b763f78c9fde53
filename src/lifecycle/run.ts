import type { Clock } from '../clock.js'
import type { Database } from '../database/schema.js'
import { digestOf } from '../define/canonical-json.js'
import { recipeOf } from '../define/recipe.js'
import type { StoredModel } from '../define/stored-definition.js'
import type { Executor } from '../executors/executor.js'
import type { ObjectStore } from '../objects/object-store.js'
import type { Offer } from '../runs/offer.js'
import type { Trainer } from '../trainers/trainer.js'
import type { TrainingTokens } from '../tracking/training-tokens.js'

/** A run as its stages know it. */
export interface LifecycleRun {
  readonly id: string
  readonly model: string
  /** As it was when the run became active. */
  readonly definition: StoredModel
  readonly definitionHash: string
  /** Train although nothing has changed. */
  readonly force: boolean
  /** The candidate that it was given; undefined: it trains one. */
  readonly offer?: Offer | undefined
}

/** The run under the columns that its ingest has agreed on; undefined: those of the definition. */
export function underContract(run: LifecycleRun, columns: StoredModel['columns'] | undefined): LifecycleRun {
  return columns === undefined ? run : { ...run, definition: { ...run.definition, columns } }
}

/** MLflow's API as trainings find it. */
export interface Tracking {
  /** Of the control server, as it is called on this machine. */
  readonly url: string
  readonly tokens: TrainingTokens
}

/** What the stages work with. The composition root picks the adapters. */
export interface Rooms {
  readonly database: Database
  readonly objects: ObjectStore
  readonly clock: Clock
  readonly executor: Executor
  readonly trainers: ReadonlyMap<string, Trainer>
  /** How trainings reach MLflow's API; undefined: it is not offered. */
  readonly tracking?: Tracking | undefined
  /** Python environments that are being made, by folder: two runs may need the same one at once. */
  readonly environmentsUnderWay: Map<string, Promise<unknown>>
  /** The compiled entries of the children that open models: the composition root knows the predictors. */
  readonly childEntries: { readonly package: URL; readonly check: URL; readonly rule: URL; readonly refitted: URL; readonly unpack: URL }
  readonly projectFolder: string
  /** `.refit` of the project. */
  readonly stateFolder: string
  /** Version of Refit itself, for the lineage. */
  readonly refitVersion: string
}

/** What the tokens of a run's processes begin with; two projects of one machine do not share it. */
export function tokenPrefix(stateFolder: string, run: string): string {
  return `${digestOf(stateFolder).slice(0, 12)}/${run}`
}

/** The run's seed follows from what it trains on and how: neither a retry nor another schedule can roll again. */
export function seedOf(snapshot: string, definition: StoredModel): number {
  return Number.parseInt(digestOf([snapshot, digestOf(recipeOf(definition))]).slice(0, 8), 16) & 0x7fff_ffff
}
