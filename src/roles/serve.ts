import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Clock } from '../clock.js'
import { connect } from '../database/connection.js'
import { isOutage } from '../database/outage.js'
import { listen } from '../database/listen.js'
import { startHintedLoop } from '../hinted-loop.js'
import type { ServerAccess } from '../http/server.js'
import { startRecorder, type Recorder } from '../predictions/recorder.js'
import { openSpool } from '../predictions/spool.js'
import { championPackages } from '../registry/champion.js'
import { CHAMPIONS_CHANNEL } from '../registry/champions-channel.js'
import { tellReplica } from '../registry/replicas.js'
import { tellFigures } from '../registry/rollout-steps.js'
import { retiredModels } from '../registry/retirement.js'
import { createServingApp } from '../serving/app.js'
import { readDesired, writeDesired } from '../serving/desired-file.js'
import { createFollower, startFollowing } from '../serving/follow.js'
import { createLiveSet, type Desired, type LiveSetOptions, type Retired } from '../serving/live-set.js'
import { createServingMetrics, type ServingMetrics } from '../serving/metrics.js'
import { createSideBySide } from '../serving/side-by-side.js'
import { openUncleanEnds } from '../serving/unclean-ends.js'
import { openTraces } from '../telemetry/traces.js'
import { listenOn } from './listen-on.js'
import { loadToServe } from './load-to-serve.js'
import { openLocalPackages, removeHalfFetched, sharePackages } from './local-packages.js'
import { openObjects } from './objects.js'
import type { Starter } from './one-of-many.js'
import { deadlineOf, type ServingSettings } from './serving-settings.js'
import { spoolFolderOf } from './state.js'

const HEARTBEAT_MS = 10_000
const TELL_FIGURES_MS = 500

/** A process that answers. */
export interface Serving {
  readonly url: string
  readonly metrics: ServingMetrics
  stop(): Promise<void>
}

/** What one of several processes at an address has of those beside it. */
export type Others = Pick<Starter, 'allMetrics' | 'packages'>

/**
 * Answers predictions. What is live, and its packages, lie on local disk, so that it starts and goes on without
 * control, database and object store. Where it is not alone at its address, `others` says so.
 * @throws RefitError `port-taken`, `tokens-required`
 */
export async function startServing(settings: ServingSettings, tokens: ServerAccess['tokens'], clock: Clock, log: Logger, others?: Others): Promise<Serving> {
  const { number } = settings
  const folder = join(settings.stateFolder, 'serving')
  // Of several processes the first writes down for all of them what is live, and whoever starts them has cleared what they share.
  const writes = number === undefined || number === 1
  if (number === undefined) await removeHalfFetched(settings.stateFolder)
  const deadlineMs = deadlineOf(settings)
  const packages = await openLocalPackages(settings.stateFolder, openObjects(settings.objects, settings.stateFolder), others?.packages ?? sharePackages(settings.stateFolder, 1)(1), (at, manifest) => loadToServe(at, manifest, { hangsAfterMs: deadlineMs, log }))
  const metrics = createServingMetrics()
  const traces = await openTraces('refit-serving', log)
  const versions: LiveSetOptions = {
    log,
    now: () => clock.now(),
    fetchPackage: packages.fetchPackage,
    load: packages.load,
    deadlineMs,
    onGivenUp: metrics.givenUp,
  }
  const recorder = await recorderOf(settings, metrics, clock, log)
  const live = createLiveSet(versions)
  const uncleanEnds = await openUncleanEnds(join(folder, number === undefined ? 'unclean-ends.json' : `unclean-ends-${number}.json`), log)
  const sideBySide = createSideBySide({ live, beside: createLiveSet(versions), uncleanEnds, log })
  const connection = connect(settings.databaseUrl, { applicationName: 'refit-serving', connections: 2 })
  // What one process has counted is its own: the next one at the same address begins anew.
  const replica = randomUUID()
  let ready = false
  let ending = false
  let toldAt = 0
  let url = ''
  const tell = async (): Promise<void> => {
    const present = live.list().map(({ model, version, generation, digest }) => ({ model, version, generation, digest }))
    await tellReplica(connection.database, { id: number === undefined ? url : `${url}#${number}`, pid: process.pid, address: url, live: present, seenAt: clock.now() })
    toldAt = clock.now().getTime()
  }
  const file = join(folder, 'live.json')
  const kept = new Map<string, string>()
  const onChange = async (now: readonly Desired[], retired: readonly Retired[]): Promise<void> => {
    toldAt = 0
    if (writes) await writeDesired(file, { models: now, retired })
    // The package that served last is kept as well, for the way back.
    const before = new Set(kept.values())
    kept.clear()
    for (const { model, digest } of now) kept.set(model, digest)
    const tried = now.flatMap(({ challenger }) => (challenger === undefined ? [] : [challenger.digest]))
    await packages.keepOnly(new Set([...before, ...kept.values(), ...tried]))
  }
  const follower = { live, sideBySide, metrics, clock, onChange, log }
  const remembered = await readDesired(file)
  if (remembered !== undefined) ready = await createFollower(follower)(remembered.models, remembered.retired)

  const access = { bind: settings.bind, hosts: settings.hosts, origins: settings.origins, tokens }
  const app = createServingApp({ live, sideBySide, recorder, metrics: others === undefined ? metrics : { ...metrics, text: others.allMetrics }, traces, isReady: () => ready, isEnding: () => ending, access, log, invocations: { model: settings.invocations, dialects: settings.dialects ?? {} } })
  url = await listenOn(app, settings.bind, settings.port, 'server: { servingPort } in refit.config.ts, or --serving-port')
  const following = startFollowing({
    ...follower,
    desired: async () => {
      if (clock.now().getTime() - toldAt > HEARTBEAT_MS) await tell()
      const desired = await championPackages(connection.database)
      ready ||= desired.every(({ model }) => live.list().some((each) => each.model === model))
      return desired
    },
    retired: async () => (await retiredModels(connection.database)).map(({ at, ...rest }) => ({ ...rest, since: at.toISOString() })),
  })
  const telling = startHintedLoop(clock, async () => {
    // Written in whole: what does not get there is written with what comes after it.
    for (const { rollout, step, figures } of sideBySide.takeSeen()) {
      await tellFigures(connection.database, clock.now(), { rollout, step, replica, figures }).catch((error: unknown) => {
        if (!isOutage(error)) log.error({ err: error }, 'what a rollout has seen could not be written down')
      })
    }
    return TELL_FIGURES_MS
  })
  const listener = listen(settings.databaseUrl, [CHAMPIONS_CHANNEL], following.hint)
  return {
    url,
    metrics,
    stop: async () => {
      ending = true
      await app.close()
      await recorder?.stop()
      await traces?.stop()
      await listener.stop()
      await following.stop()
      await telling.stop()
      for (const model of sideBySide.trials().keys()) sideBySide.endTrial(model)
      await uncleanEnds.endAll()
      for (const { model } of live.list()) live.remove(model)
      await connection.close()
    },
  }
}

/** What gives answers their ids and logs them, where somebody can read the ids. */
async function recorderOf({ stateFolder, predictionKey, logs = {} }: ServingSettings, metrics: ServingMetrics, clock: Clock, log: Logger): Promise<Recorder | undefined> {
  if (predictionKey === undefined) return undefined
  const spool = await openSpool({ folder: spoolFolderOf(stateFolder), now: () => clock.now().getTime() })
  return startRecorder({ key: Buffer.from(predictionKey, 'hex'), models: logs, spool, clock, logged: metrics.logged, lost: metrics.lost, log })
}
