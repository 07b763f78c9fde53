import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import type { Logger } from 'pino'
import { createApi } from '../api/app.js'
import { ruleLabel } from '../evaluation/rule-label.js'
import type { Clock } from '../clock.js'
import { connect, type Connection } from '../database/connection.js'
import { startEmbeddedServer, type EmbeddedServer } from '../database/embedded/server.js'
import { listen } from '../database/listen.js'
import { migrate } from '../database/migrate.js'
import { millisecondsOf } from '../define/duration-text.js'
import { revealSecrets } from '../define/secret.js'
import type { StoredProject } from '../define/stored-definition.js'
import { predictionLogOf } from '../define/resolve-prediction-log.js'
import { refitError } from '../errors.js'
import { parseTokens, requireTokensBeyondLoopback, tokenOf } from '../http/access.js'
import { adopt } from '../lifecycle/adoption/adopt.js'
import { attemptLog } from '../lifecycle/folders.js'
import { startConductor } from '../lifecycle/rollout/conductor.js'
import { askOwnCheck } from '../lifecycle/rollout/own-check.js'
import { tokenPrefix, type Rooms } from '../lifecycle/run.js'
import { mlflowOpenRoutes, mlflowRoutes } from '../mlflow/app.js'
import { mlflowOffered } from '../mlflow/offered.js'
import { startNotifications } from '../notifications/notifications.js'
import { predictionKey } from '../prediction-log/key.js'
import { startPredictionLog } from '../prediction-log/keep.js'
import { registerModels } from '../registry/models.js'
import { EVENTS_CHANNEL, latestCursor } from '../runs/event.js'
import { RUNS_CHANNEL } from '../runs/requests.js'
import { connectS3 } from '../s3/client.js'
import { createTrainingTokens } from '../tracking/training-tokens.js'
import { announcementReceiver } from '../triggers/announcements/receiver.js'
import { snsVerifier } from '../triggers/announcements/sns-signature.js'
import { startTriggers } from '../triggers/triggers.js'
import { askSns } from './ask-sns.js'
import { executor, openNotifier, openSource, predictors, trainers } from './adapters.js'
import { startBatchJobs } from './batch-worker.js'
import { evaluateProject } from './evaluate-project.js'
import { listenOn } from './listen-on.js'
import { openObjects } from './objects.js'
import type { ServingSettings } from './serving-settings.js'
import { endServing, ensureServing } from './serving-process.js'
import { readProcessNote, removeProcessNote, spoolFolderOf, stateFolderOf, writeProcessNote } from './state.js'
import { supervise } from './supervise.js'
import { startWorker, type Worker } from './worker.js'

export interface ControlOptions {
  readonly projectFolder: string
  /** Of the project; undefined: none of them. */
  readonly environment: string | undefined
  /** In place of the project file's. */
  readonly controlPort?: number | undefined
  readonly servingPort?: number | undefined
  readonly clock: Clock
  readonly log: Logger
  readonly refitVersion: string
  /** Someone asked through the API that it end. */
  readonly onShutdown: (request: { readonly keepServing: boolean }) => void
}

/** A running control server, with the serving process beside it. */
export interface Control {
  readonly url: string
  readonly servingUrl: string
  /** For looking at the API from this very process; undefined where none is asked for. */
  readonly viewerToken: string | undefined
  /** Cursor of the last event before the start; undefined when there was none. */
  readonly eventsBefore: string | undefined
  readonly project: StoredProject
  /** Ends it: runs are interrupted and go on at the next start. */
  stop(request: { readonly keepServing: boolean }): Promise<void>
}

const RUNS_AT_ONCE = 2
const LOOK_EVERY_MS = 5000
const SETTLE_FOR_MS = 1000

/**
 * Starts everything that a project needs: its database, the API, the triggers, the worker and the serving process. What
 * is alive from before is adopted.
 * @throws RefitError `already-running`, `environment-unknown`, `port-taken`, `tokens-required`, and what the project file or the database has
 */
export async function startControl(options: ControlOptions): Promise<Control> {
  const { clock, log, refitVersion } = options
  if (!existsSync('/proc/self/stat')) throw refitError('platform-unsupported', { platform: process.platform })
  const { folder, project } = await evaluateProject(options.projectFolder, new AbortController().signal, options.environment)
  const stateFolder = stateFolderOf(folder, options.environment)
  const { bind, hosts, origins } = project.server
  const tokens = parseTokens(process.env['REFIT_TOKENS'] ?? '')
  requireTokensBeyondLoopback(bind, tokens)
  const running = await readProcessNote(stateFolder, 'control')
  if (running !== undefined) throw refitError('already-running', { url: running.url, pid: running.pid })

  // A bucket that is away is waited for; a client that cannot even be made is told at once.
  if (project.objects !== undefined) (await connectS3(project.objects.access)).client.destroy()

  const viewerToken = tokens.length === 0 ? undefined : randomBytes(32).toString('hex')
  const startedAt = clock.now()
  const { url: databaseUrl, embedded } = await openDatabase(project, stateFolder)
  const connection = connect(databaseUrl, { applicationName: 'refit-control' })
  const objects = openObjects(project.objects, stateFolder)
  const started: (() => Promise<void>)[] = [() => embedded?.release() ?? Promise.resolve(), () => connection.close()]
  const undo = async (): Promise<void> => {
    const failures: unknown[] = []
    // One part that does not end well must not keep the others running.
    for (const stop of started.splice(0).toReversed()) await stop().catch((error: unknown) => failures.push(error))
    if (failures.length > 0) log.error({ err: failures[0] }, 'a part did not end well')
  }
  try {
    await migrate(connection.database)
    const eventsBefore = await latestCursor(connection.database)
    await registerModels(connection.database, clock, project, 'refit', ruleLabel)
    const listeners = new Set<() => void>()
    let servingUrl: string | undefined
    let controlUrl: string | undefined
    const notifications = await startNotifications({
      database: connection.database,
      clock,
      project: project.environment === undefined ? basename(folder) : `${basename(folder)} (${project.environment})`,
      targets: project.notify ?? [],
      openNotifier: (target) => openNotifier({ projectFolder: folder, stateFolder, clock }, target),
      url: () => controlUrl,
      log,
    })
    started.push(() => notifications.stop())
    const triggers = startTriggers({
      database: connection.database,
      objects,
      clock,
      openSource: (model) => openSource({ projectFolder: folder, stateFolder, model: model.name }, model.definition.source),
      lookEvery: LOOK_EVERY_MS,
      settleFor: SETTLE_FOR_MS,
      log,
    })
    started.push(() => triggers.stop())
    const rooms = roomsOf(options, connection, folder, stateFolder, objects)
    let worker: Worker | undefined
    const trainings = createTrainingTokens()
    const batch = await startBatchJobs(rooms, millisecondsOf(project.server.answerWithin), log)
    started.push(() => batch.stop())
    const predictionLog = startPredictionLog({ database: connection.database, objects, clock, spoolFolder: spoolFolderOf(stateFolder), token: tokenPrefix(stateFolder, 'predictions/ship'), log })
    started.push(() => predictionLog.stop())
    const childEntry = new URL('./rollout-check-child.bundle.js', import.meta.url)
    const conductor = startConductor({
      database: connection.database,
      clock,
      askOwnCheck: (rollout, grounds, signal) => (rollout.deployment.check === undefined ? undefined : askOwnCheck({ ...rooms, childEntry }, rollout.deployment.check, rollout, grounds, signal)),
      log,
    })
    started.push(() => conductor.stop())
    const listener = listen(databaseUrl, [EVENTS_CHANNEL, RUNS_CHANNEL], (channel) => {
      if (channel === RUNS_CHANNEL) worker?.hint()
      else notifications.hint()
      for (const hint of listeners) hint()
    })
    started.push(() => listener.stop())
    const { app } = await createApi(
      {
        database: connection.database,
        objects,
        clock,
        project: { folder, environment: options.environment, refit: refitVersion, startedAt, servingUrl: () => servingUrl, answerWithinSeconds: millisecondsOf(project.server.answerWithin) / 1000 },
        attemptLog: (run, stage, attempt) => attemptLog(stateFolder, run, stage, attempt),
        onEventHint: (hint) => {
          listeners.add(hint)
          return () => listeners.delete(hint)
        },
        sourceFailure: triggers.sourceFailure,
        onUpload: triggers.hint,
        bringPredictions: () => predictionLog.bring(),
        onBatchJob: batch.hint,
        adopt: (adoption, content, signal) => adopt(rooms, adoption, content, signal),
        notifications,
        announcements: announcementReceiver({ sources: triggers.announced, sns: snsVerifier({ get: askSns }), log }),
        onShutdown: options.onShutdown,
      },
      { bind, hosts, origins, tokens: viewerToken === undefined ? tokens : [...tokens, tokenOf('refit-up', 'viewer', viewerToken)], lent: trainings },
      log,
      { openRoutes: mlflowOpenRoutes, offered: mlflowOffered, routes: mlflowRoutes({ database: connection.database, objects, clock, predictors, trainings, reports: 'api/v1/runs' }) },
    )
    started.push(() => app.close())
    const url = await listenOn(app, bind, options.controlPort ?? project.server.controlPort, 'server: { controlPort } in refit.config.ts, or --control-port')
    controlUrl = url
    // Trainings log to the API: runs go on when it answers.
    worker = await startWorker({ connection, rooms: { ...rooms, tracking: { url, tokens: trainings } }, concurrency: RUNS_AT_ONCE, log })
    started.push(worker.stop)
    const settings: ServingSettings = { stateFolder, projectFolder: folder, databaseUrl, ...(project.objects === undefined ? {} : { objects: project.objects }), bind, port: options.servingPort ?? project.server.servingPort, processes: project.server.servingProcesses, deadlineMs: millisecondsOf(project.server.answerWithin), hosts, origins, predictionKey: await predictionKey(connection.database), logs: logsOf(project), ...invocationsOf(project) }
    servingUrl = (await ensureServing(settings, refitVersion)).url
    await writeProcessNote(stateFolder, 'control', url)
    started.push(() => removeProcessNote(stateFolder, 'control'))
    const supervisor = supervise(clock, log, async () => {
      await embedded?.revive()
      servingUrl = (await ensureServing(settings, refitVersion)).url
    })
    started.push(supervisor.stop)
    log.info(`control at ${url}, serving at ${servingUrl}`)
    return {
      url,
      servingUrl,
      viewerToken,
      eventsBefore,
      project,
      stop: async ({ keepServing }) => {
        await supervisor.stop()
        if (!keepServing) started.push(async () => void (await endServing(stateFolder)))
        await undo()
      },
    }
  } catch (error) {
    await undo()
    throw error
  }
}

async function openDatabase(project: StoredProject, stateFolder: string): Promise<{ readonly url: string; readonly embedded: EmbeddedServer | undefined }> {
  if (project.database !== undefined) return { url: revealSecrets(project.database), embedded: undefined }
  const embedded = await startEmbeddedServer(stateFolder)
  return { url: embedded.url, embedded }
}

function roomsOf(options: ControlOptions, { database }: Connection, projectFolder: string, stateFolder: string, objects: Rooms['objects']): Rooms {
  const { clock, refitVersion } = options
  const childEntries = { package: new URL('./package-child.bundle.js', import.meta.url), check: new URL('./check-child.js', import.meta.url), rule: new URL('./own-rule-child.bundle.js', import.meta.url), refitted: new URL('./refitted-child.bundle.js', import.meta.url), unpack: new URL('./unpack-child.bundle.js', import.meta.url) }
  return { database, objects, clock, executor, trainers, environmentsUnderWay: new Map(), childEntries, projectFolder, stateFolder, refitVersion }
}

/** Which model /invocations speaks for (the only one, where none is set), and how each model understands its callers. */
function invocationsOf({ models, server }: StoredProject): Pick<ServingSettings, 'invocations' | 'dialects'> {
  const [only, ...others] = Object.keys(models)
  const invocations = server.invocations ?? (others.length === 0 ? only : undefined)
  const dialects = Object.fromEntries(Object.values(models).flatMap(({ name, dialect }) => (dialect === undefined ? [] : [[name, dialect]])))
  return { ...(invocations === undefined ? {} : { invocations }), dialects }
}

/** What is logged of each model's answers. */
function logsOf({ models }: StoredProject): NonNullable<ServingSettings['logs']> {
  return Object.fromEntries(
    Object.values(models).flatMap((model) => {
      const log = predictionLogOf(model)
      return log === undefined ? [] : [[model.name, { share: log.share, ...(log.columns === undefined ? {} : { columns: log.columns }) }]]
    }),
  )
}
