import type { FastifyRequest } from 'fastify'
import { sql } from 'kysely'
import type { Database } from '../database/schema.js'
import { refitError } from '../errors.js'
import { checkArtifactPath, pathInStore, type ArtifactPath } from '../tracking/artifact-path.js'
import { getLoggedModel } from '../tracking/logged-models.js'
import { getRun, type Writer } from '../tracking/runs.js'
import type { TrainingScope, TrainingTokens } from '../tracking/training-tokens.js'
import type { MlflowParts } from './parts.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The training whose token is shown, and where its runs are looked up; undefined: another caller. */
    training: { readonly scope: TrainingScope; readonly database: Database } | undefined
  }
}

/** A message as the route has read it: the rule must not read the request in its own way. */
type Message = Readonly<Record<string, unknown>>
/** @throws RefitError `token-lent` */
type Rule = (message: Message, scope: TrainingScope, database: Database) => Promise<void> | void

/** On a registered model that trainings have made: whose. Only these may add to it. */
export const TRAINED_BY_TAG = 'refit.trained-by'

const ownRun: Rule = ({ run_id }, { runs }) => require(isIn(runs, run_id))
const ownModel: Rule = ({ model_id }, { models }) => require(isIn(models, model_id))
const ownExperiment: Rule = ({ experiment_id }, { experiment }) => require(experiment_id === experiment)
const ownExperiments: Rule = ({ experiment_ids }, { experiment }) => require(Array.isArray(experiment_ids) && experiment_ids.length > 0 && experiment_ids.every((id) => id === experiment))
const anything: Rule = () => undefined

/** Reading is for the experiment, also what former runs of the model have logged there. */
const runOfExperiment: Rule = async ({ run_id, run_ids }, { experiment }, database) => {
  const ids = [run_id ?? run_ids].flat()
  require(ids.length > 0)
  for (const id of ids) require(typeof id === 'string' && (await getRun(database, id)).experiment === experiment)
}
const modelOfExperiment: Rule = async ({ model_id }, { experiment }, database) => {
  require(typeof model_id === 'string' && (await getLoggedModel(database, model_id, { deletedToo: true })).experiment === experiment)
}
/** A metric may be one of a logged model as well. */
const ownMetric: Rule = ({ run_id, model_id }, { runs, models }) => require(isIn(runs, run_id) && (isAbsent(model_id) || isIn(models, model_id)))
const ownBatch: Rule = ({ run_id, metrics }, { runs, models }) =>
  require(isIn(runs, run_id) && Array.isArray(metrics) && metrics.every((metric: unknown) => typeof metric === 'object' && metric !== null && (!('model_id' in metric) || isAbsent(metric.model_id) || isIn(models, metric.model_id))))
const newModel: Rule = ({ experiment_id, source_run_id }, { experiment, runs }) => require(experiment_id === experiment && (isAbsent(source_run_id) || isIn(runs, source_run_id)))

/** What it has logged may be registered under a name that no other has; nothing of the lifecycle, which makes its own versions. */
const ownVersion: Rule = async ({ name, source, run_id, model_id }, { model, models, runs, folders }, database) => {
  require(isAbsent(run_id) || isIn(runs, run_id))
  require(isAbsent(model_id) || isIn(models, model_id))
  require(typeof source === 'string')
  const logged = /^models:\/+(m-[\da-f]{32})$/.exec(source)?.[1]
  const path = logged === undefined ? storePath(source) : undefined
  require(isIn(models, logged) || (path !== undefined && liesIn(folders, path)))
  await requireTrainedBy(database, name, model)
}
const versionOfOwn: Rule = ({ name }, { model }, database) => requireTrainedBy(database, name, model)

/** What the token of a training may ask for, by method and route. Whatever does not stand here it may not. */
const rules: Readonly<Record<string, Rule>> = {
  // Whatever experiment it names is its own: these two answer so.
  'POST /experiments/create': anything,
  'GET /experiments/get-by-name': anything,
  'GET /experiments/get': ownExperiment,
  'POST /experiments/set-experiment-tag': ownExperiment,
  'POST /runs/create': ownExperiment,
  'POST /runs/update': ownRun,
  'GET /runs/get': runOfExperiment,
  'POST /runs/search': ownExperiments,
  'POST /runs/log-batch': ownBatch,
  'POST /runs/log-metric': ownMetric,
  'POST /runs/log-parameter': ownRun,
  'POST /runs/set-tag': ownRun,
  'POST /runs/delete-tag': ownRun,
  'POST /runs/log-inputs': ownRun,
  'POST /runs/outputs': ownRun,
  'POST /runs/log-model': ownRun,
  'GET /metrics/get-history': runOfExperiment,
  'GET /metrics/get-history-bulk': runOfExperiment,
  'GET /metrics/get-history-bulk-interval': runOfExperiment,
  'GET /artifacts/list': runOfExperiment,
  'GET /artifacts': ({ path }, scope) => require(typeof path === 'string' && isReadable(scope, checkArtifactPath(path))),
  'POST /logged-models': newModel,
  'POST /logged-models/search': ownExperiments,
  'GET /logged-models/:model_id': modelOfExperiment,
  'PATCH /logged-models/:model_id': ownModel,
  'PATCH /logged-models/:model_id/tags': ownModel,
  'DELETE /logged-models/:model_id': ownModel,
  'DELETE /logged-models/:model_id/tags/:tag_key': ownModel,
  'POST /logged-models/:model_id/params': ownModel,
  'GET /logged-models/:model_id/artifacts/directories': modelOfExperiment,
  'POST /registered-models/create': anything,
  'POST /model-versions/create': ownVersion,
  'GET /model-versions/get': versionOfOwn,
}

/** Whether the token of a training is taken by a route that reads messages. */
export function takesTrainings(method: string, url: string): boolean {
  return Object.hasOwn(rules, `${method} ${url}`)
}

/** Holds a message to what its sender may. @throws RefitError `token-lent`, `tracking-missing` for what there is not */
export async function requireWithinTraining(request: FastifyRequest, method: string, url: string, message: unknown): Promise<void> {
  const { training } = request
  if (training === undefined) return
  const rule = rules[`${method} ${url}`]
  await refusing(request, async () => {
    require(rule !== undefined)
    await rule?.(isMessage(message) ? message : {}, training.scope, training.database)
  })
}

/** Holds a path of a file to what its sender may: to write only what is its own, to read what the runs of its experiment have. @throws RefitError `token-lent` */
export async function requirePathWithinTraining(request: FastifyRequest, path: ArtifactPath, access: 'read' | 'write'): Promise<void> {
  const { training } = request
  if (training === undefined) return
  await refusing(request, () => {
    require(access === 'read' ? isReadable(training.scope, path) : liesIn(training.scope.folders, path))
  })
}

/** As whom a caller writes to a run: also who shows no token writes for its training, where nobody needs one. */
export function writerTo(run: string, trainings: TrainingTokens | undefined): Writer {
  return trainings?.hasUnderWay(run) === true ? 'training' : 'anybody'
}

/** Finds the training of whoever shows a lent token. */
export function findTraining(request: FastifyRequest, { database, trainings }: Pick<MlflowParts, 'database' | 'trainings'>): void {
  if (request.lentToken === undefined) return
  const scope = trainings?.scopeOf(request.lentToken)
  // It has been taken back at this very moment.
  if (scope === undefined) throw refitError('token-unknown', {})
  request.training = { scope, database }
}

class OutOfScope extends Error {}

async function refusing(request: FastifyRequest, check: () => Promise<void> | void): Promise<void> {
  try {
    await check()
  } catch (error) {
    if (!(error instanceof OutOfScope)) throw error
    throw refitError('token-lent', { method: request.method, path: request.url.split('?')[0] ?? '' }, { cause: error })
  }
}

function require(allowed: boolean): asserts allowed {
  if (!allowed) throw new OutOfScope()
}

function isIn(ids: ReadonlySet<string>, id: unknown): boolean {
  return typeof id === 'string' && ids.has(id)
}

function isAbsent(id: unknown): boolean {
  return id === undefined || id === ''
}

function isReadable({ folders, experimentRoot }: TrainingScope, path: ArtifactPath): boolean {
  return liesIn(folders, path, true) || (experimentRoot !== undefined && liesIn(new Set([experimentRoot]), path, true))
}

/** Strictly below one of the folders, or one of them itself where that is allowed. */
function liesIn(folders: ReadonlySet<ArtifactPath>, path: ArtifactPath, itself = false): boolean {
  return [...folders].some((folder) => path.startsWith(`${folder}/`) || (itself && path === folder))
}

function storePath(source: string): ArtifactPath | undefined {
  return source.includes('?') ? undefined : pathInStore(source)
}

async function requireTrainedBy(database: Database, name: unknown, model: string): Promise<void> {
  require(typeof name === 'string')
  const { rows } = await sql`
    select from tracking.registered_models as models join tracking.registered_model_tags as tags on tags.model = models.id
    where models.name = ${name} and not models.of_lifecycle and tags.key = ${TRAINED_BY_TAG} and tags.value = ${model}`.execute(database)
  require(rows.length > 0)
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null
}
