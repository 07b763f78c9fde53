import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { BatchJobAnswer, BatchJobList } from '../api/wire/batch.js'
import { RecordedClientAnswer, RecordedClientList, WrittenClient } from '../api/wire/client.js'
import { ContractAccepted, ContractDetail } from '../api/wire/contract.js'
import { DefinitionList, Preview, type PreviewRequest } from '../api/wire/definition.js'
import { DropDetail, DropList, DropRecorded, DropsDecided, type DecisionBody } from '../api/wire/drop.js'
import { Explanation } from '../api/wire/explanation.js'
import { EventList, EventRecord } from '../api/wire/event.js'
import { Failure } from '../http/failure.js'
import { ChampionMoves, ModelDetail, ModelList, ModelRetired, Moved, PutIntoService } from '../api/wire/model.js'
import { NotificationTargets, TestedTargets } from '../api/wire/notification.js'
import { FeedbackTaken, LoggedPredictions, PredictionDetail, PredictionLogDetail } from '../api/wire/prediction.js'
import { Health, ProjectStatus, ShuttingDown } from '../api/wire/project.js'
import { RolloutDetail, RolloutList, RolloutSummary } from '../api/wire/rollout.js'
import { RunDetail, RunList, RunRequested, RunSummary } from '../api/wire/run.js'
import { SnapshotDetail, SnapshotList, SnapshotSample } from '../api/wire/snapshot.js'
import { VersionDetail, VersionList } from '../api/wire/version.js'
import { deserialiseError, refitError } from '../errors.js'
import { call, chunksOf, textOf, type HttpCall } from './http.js'
import { serverSentEvents } from './server-sent-events.js'

/** Where the control server is, and as whom to ask. */
export interface Connection {
  readonly url: string
  readonly token: string | undefined
  /** Named in the event log where no tokens are asked for, e.g. `cli:alice`. */
  readonly actor: string
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>
const RECONNECT_MS = 500
/** How long a server may be away, as at a restart, until those who follow it give up. */
const AWAY_MS = 15_000

/** The control API as functions; every answer is checked by the schema that the server answers by. */
export type Client = ReturnType<typeof createClient>

/** @throws RefitError from each call: what the API answered, `control-not-running`, `unreachable`, `answer-unexpected` */
export function createClient({ url, token, actor }: Connection) {
  const headers: Readonly<Record<string, string>> = { 'Refit-Actor': actor, ...authorization(token) }
  const address = (path: string, query: Query = {}): string => {
    const target = new URL(`${url}/api/v1${path}`)
    for (const [name, value] of Object.entries(query)) if (value !== undefined) target.searchParams.set(name, String(value))
    return target.href
  }
  const send = async (request: HttpCall): Promise<IncomingMessage> => {
    const answer = await call({ ...request, headers: { ...headers, ...request.headers } })
    if (answer.statusCode !== undefined && answer.statusCode < 300) return answer
    const refused = await refusal(answer)
    // Refused before all of it was sent: the rest need not go.
    if (typeof request.body === 'object') request.body.destroy()
    throw refused
  }
  const get = async <S extends TSchema>(schema: S, path: string, query?: Query): Promise<Static<S>> =>
    decode(schema, await textOf(await send({ method: 'GET', url: address(path, query) })))
  const post = async <S extends TSchema>(schema: S, path: string, body: object = {}): Promise<Static<S>> => {
    const request = { method: 'POST', url: address(path), headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) } as const
    return decode(schema, await textOf(await send(request)))
  }

  return {
    url,
    health: () => get(Health, '/health'),
    project: () => get(ProjectStatus, '/project'),
    shutdown: (request: { readonly keepServing: boolean }) => post(ShuttingDown, '/project/shutdown', request),
    notificationTargets: async () => (await get(NotificationTargets, '/notification-targets')).targets,
    testNotificationTargets: (target?: string) => post(TestedTargets, '/notification-targets/test', { target }),
    models: async () => (await get(ModelList, '/models')).models,
    model: (model: string) => get(ModelDetail, at`/models/${model}`),
    /** The definitions that came into force, the newest first. */
    definitions: async (model: string) => (await get(DefinitionList, at`/models/${model}/definitions`)).definitions,
    previewDefinitions: async (models: PreviewRequest['models']) => (await post(Preview, '/definitions/preview', { models })).models,
    retire: (model: string, reason: string) => post(ModelRetired, at`/models/${model}/retire`, { reason }),
    unretire: (model: string, reason: string) => post(ModelRetired, at`/models/${model}/unretire`, { reason }),
    championMoves: async (model: string) => (await get(ChampionMoves, at`/models/${model}/champion-moves`)).moves,
    runs: (query: { readonly model?: string | undefined; readonly limit?: number | undefined; readonly before?: string | undefined }) => get(RunList, '/runs', query),
    run: (id: string) => get(RunDetail, at`/runs/${id}`),
    /** The verdict in words and pictures, as HTML. */
    report: async (id: string) => textOf(await send({ method: 'GET', url: address(at`/runs/${id}/report`) })),
    requestRun: (model: string, request: { readonly force: boolean; readonly reason?: string | undefined }) => post(RunRequested, at`/models/${model}/runs`, request),
    cancel: (id: string) => post(RunSummary, at`/runs/${id}/cancel`),
    approve: (id: string, answer: { readonly reason?: string | undefined; readonly anyway?: boolean } = {}) => post(PutIntoService, at`/runs/${id}/approve`, answer),
    decline: (id: string, reason?: string) => post(RunSummary, at`/runs/${id}/decline`, { reason }),
    versions: (model: string, query: { readonly limit?: number | undefined; readonly before?: number | undefined } = {}) =>
      get(VersionList, at`/models/${model}/versions`, query),
    version: (model: string, version: number) => get(VersionDetail, at`/models/${model}/versions/${String(version)}`),
    explanation: (model: string, version: number) => get(Explanation, at`/models/${model}/versions/${String(version)}/explanation`),
    requestPromotion: (model: string, version: number, reason?: string) => post(RunRequested, at`/models/${model}/versions/${String(version)}/promote`, { reason }),
    forcePromotion: (model: string, version: number, reason?: string, atOnce = false) => post(PutIntoService, at`/models/${model}/versions/${String(version)}/promote`, { force: true, atOnce, reason }),
    rollouts: (model: string, query: { readonly limit?: number | undefined; readonly before?: number | undefined } = {}) => get(RolloutList, at`/models/${model}/rollouts`, query),
    rollout: (model: string, number: number) => get(RolloutDetail, at`/models/${model}/rollouts/${String(number)}`),
    orderRollout: (model: string, order: 'pause' | 'resume' | 'abort', reason: string) => post(RolloutSummary, at`/models/${model}/rollout/${order}`, { reason }),
    /** A typed client of a version; recorded, later versions are held to it. */
    writeClient: (model: string, version: number) => get(WrittenClient, at`/models/${model}/client`, { version }),
    recordClient: (model: string, version: number) => post(WrittenClient, at`/models/${model}/clients`, { version }),
    recordedClients: async (model: string) => (await get(RecordedClientList, at`/models/${model}/clients`)).clients,
    forgetClient: (model: string, number: number, reason?: string) => post(RecordedClientAnswer, at`/models/${model}/clients/${String(number)}/forget`, { reason }),
    /** What has given an answer. */
    prediction: (id: string) => get(PredictionDetail, at`/predictions/${id}`),
    predictionLog: (model: string) => get(PredictionLogDetail, at`/models/${model}/prediction-log`),
    giveFeedback: (model: string, feedback: readonly unknown[]) => post(FeedbackTaken, at`/models/${model}/feedback`, { feedback }),
    loggedPredictions: (model: string, query: { readonly limit?: number | undefined; readonly before?: string | undefined; readonly answer?: string }) => get(LoggedPredictions, at`/models/${model}/predictions`, query),
    batchJobs: (model: string, query: { readonly limit?: number | undefined; readonly before?: number | undefined } = {}) => get(BatchJobList, at`/models/${model}/batch`, query),
    cancelBatchJob: (job: string) => post(BatchJobAnswer, at`/batch/${job}/cancel`),
    /** A tar archive; see the API. */
    adopt: async (model: string, origin: { readonly reason: string; readonly path: string; readonly host?: string | undefined; readonly environment?: string | undefined; readonly trainedUntil?: string | undefined }, content: Readable) => {
      const request = { method: 'POST', url: address(at`/models/${model}/adopt`, origin), headers: { 'Content-Type': 'application/x-tar' }, body: content } as const
      return decode(RunRequested, await textOf(await send(request)))
    },
    /** The package of a version as a tar archive, as another Refit adopts it. */
    package: async (model: string, version: number): Promise<AsyncGenerator<Buffer>> => chunksOf(await send({ method: 'GET', url: address(at`/models/${model}/versions/${String(version)}/package`) })),
    rollback: (model: string, request: { readonly to?: number | undefined; readonly reason?: string | undefined }) => post(Moved, at`/models/${model}/rollback`, request),
    drops: (model: string, query: { readonly state?: string | undefined; readonly limit?: number | undefined; readonly before?: string | undefined } = {}) =>
      get(DropList, at`/models/${model}/drops`, query),
    contract: (model: string) => get(ContractDetail, at`/models/${model}/contract`),
    acceptContract: (drop: string, request: { readonly reason?: string | undefined; readonly preview: boolean }) => post(ContractAccepted, at`/drops/${drop}/accept-contract`, request),
    drop: (id: string) => get(DropDetail, at`/drops/${id}`),
    decideDrops: (decision: DecisionBody) => post(DropsDecided, '/drops/decide', decision),
    snapshots: (model: string, query: { readonly limit?: number | undefined; readonly before?: string | undefined } = {}) => get(SnapshotList, at`/models/${model}/snapshots`, query),
    /** By its digest, the beginning of it, or `newest`. */
    snapshot: (model: string, digest: string) => get(SnapshotDetail, at`/models/${model}/snapshots/${digest}`),
    sample: (model: string, digest: string, rows: number) => get(SnapshotSample, at`/models/${model}/snapshots/${digest}/sample`, { rows }),
    upload: async (model: string, name: string, content: Readable) => {
      const request = { method: 'POST', url: address(at`/models/${model}/drops`, { name }), headers: { 'Content-Type': 'application/octet-stream' }, body: content } as const
      return decode(DropRecorded, await textOf(await send(request)))
    },
    /** What a run's processes wrote, as it comes. */
    log: async (id: string, query: { readonly stage?: string | undefined; readonly follow?: boolean | undefined }, signal?: AbortSignal): Promise<AsyncGenerator<Buffer>> =>
      chunksOf(await send({ method: 'GET', url: address(at`/runs/${id}/log`, query), ...(signal === undefined ? {} : { signal }) })),
    events: (query: { readonly model?: string | undefined; readonly run?: string | undefined; readonly after?: string | undefined }) => get(EventList, '/events', query),
    /** Events as they come, for ever; goes on where it was when the connection breaks. */
    follow: async function* (query: { readonly model?: string | undefined; readonly run?: string | undefined; readonly after?: string }, signal: AbortSignal): AsyncGenerator<EventRecord> {
      let last: string | undefined
      let answered = Date.now()
      while (!signal.aborted) {
        try {
          const resume = last === undefined ? {} : { 'Last-Event-ID': last }
          const answer = await send({ method: 'GET', url: address('/events/stream', query), headers: { Accept: 'text/event-stream', ...resume }, signal })
          for await (const { id, data } of serverSentEvents(chunksOf(answer))) {
            last = id ?? last
            answered = Date.now()
            yield decode(EventRecord, data)
          }
          answered = Date.now()
        } catch (error) {
          if (signal.aborted) return
          if (last === undefined || Date.now() - answered > AWAY_MS) throw error
        }
        await new Promise((resolve) => {
          setTimeout(resolve, RECONNECT_MS)
        })
      }
    },
  }
}

/** The header that carries a token. */
export function authorization(token: string | undefined): Readonly<Record<string, string>> {
  return token === undefined || token === '' ? {} : { Authorization: `Bearer ${token}` }
}

/** A path with every value escaped. */
function at(texts: TemplateStringsArray, ...values: readonly string[]): string {
  return String.raw({ raw: texts }, ...values.map(encodeURIComponent))
}

function decode<S extends TSchema>(schema: S, text: string): Static<S> {
  const value = parse(text)
  if (!Value.Check(schema, value)) {
    const [first] = Value.Errors(schema, value)
    throw refitError('answer-unexpected', { reason: first === undefined ? 'it is not JSON' : `${first.instancePath} ${first.message}` })
  }
  return value
}

/** An answer that is not a success, as the error that it tells. */
async function refusal(answer: IncomingMessage): Promise<Error> {
  const status = answer.statusCode ?? 0
  const failure = parse(await textOf(answer))
  if (!Value.Check(Failure, failure)) return refitError('answer-unexpected', { reason: `status ${status}` })
  return deserialiseError({ ...failure, status }) ?? refitError('answer-unexpected', { reason: failure.message })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
