import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import type { Clock } from '../clock.js'
import { refitError } from '../errors.js'
import { readExample } from '../packages/example.js'
import { MANIFEST_FILE } from '../packages/manifest.js'
import { ORIGIN_FILE, OriginNote } from '../packages/origin-note.js'
import { readWithDigest, verifyPackage } from '../packages/read.js'
import { createContainerApp } from '../serving/container.js'
import { createLiveSet } from '../serving/live-set.js'
import { createServingMetrics } from '../serving/metrics.js'
import { openTraces } from '../telemetry/traces.js'
import { listenOn } from './listen-on.js'
import { loadToServe } from './load-to-serve.js'

/** What a container serves, and to whom. */
export const PackageServingSettings = Type.Object({
  /** Holds a package, or one folder that does. */
  folder: Type.String(),
  bind: Type.String(),
  port: Type.Integer(),
  platform: Type.Union([
    Type.Object({ kind: Type.Literal('sagemaker'), accept: Type.Optional(Type.String()) }),
    Type.Object({ kind: Type.Literal('vertex'), health: Type.Optional(Type.String()), predict: Type.Optional(Type.String()) }),
  ]),
})
export type PackageServingSettings = Static<typeof PackageServingSettings>

/** SageMaker waits for an answer for 60 seconds. */
const ANSWER_MS = 55_000

/** What a model is called that does not say. */
const UNNAMED = { model: 'model', version: 1 }

/**
 * Serves one package from local disk, without control, database and object store. It listens at once and is well when the
 * package has been verified and loaded; `loaded` rejects when it cannot be.
 * @throws RefitError `package-missing`, `package-corrupt`, `package-newer`, `port-taken`
 */
export async function startPackageServing(settings: PackageServingSettings, clock: Clock, log: Logger): Promise<{ readonly url: string; readonly loaded: Promise<void>; stop(): Promise<void> }> {
  const folder = await findPackage(settings.folder)
  const { digest } = await readWithDigest(folder)
  const origin = await readOrigin(folder)
  const { model, version } = origin ?? UNNAMED
  const metrics = createServingMetrics()
  const traces = await openTraces('refit-serving', log)
  const live = createLiveSet({
    log,
    now: () => clock.now(),
    // A package that says which it is has to be that one.
    fetchPackage: async () => ({ folder, manifest: await verifyPackage(folder, origin?.digest ?? digest), example: await readExample(folder) }),
    deadlineMs: ANSWER_MS,
    onGivenUp: metrics.givenUp,
    load: (at, manifest) => loadToServe(at, manifest, { hangsAfterMs: ANSWER_MS, log }),
  })
  let ready = false
  const app = createContainerApp({ platform: settings.platform, model, live, metrics, traces, isReady: () => ready, log })
  const url = await listenOn(app, settings.bind, settings.port, '--port')
  const load = async (): Promise<void> => {
    await live.swap({ model, version, generation: 1, digest })
    ready = true
    log.info(`${model}: version ${version} is live at ${url}`)
  }
  return {
    url,
    loaded: load(),
    stop: async () => {
      // Whoever looks sends nothing more while what is under way is answered.
      ready = false
      await app.close()
      await traces?.stop()
      live.remove(model)
    },
  }
}

/** The folder itself, or the only one in it: an archive may have had its files in a folder. */
async function findPackage(folder: string): Promise<string> {
  if (await isFile(join(folder, MANIFEST_FILE))) return folder
  const inside = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw refitError('package-missing', { folder, reason: error instanceof Error ? error.message : String(error) }, { cause: error })
  })
  const folders = inside.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  const [only] = folders
  if (only !== undefined && folders.length === 1 && (await isFile(join(folder, only.name, MANIFEST_FILE)))) return join(folder, only.name)
  throw refitError('package-missing', { folder, reason: `it has no ${MANIFEST_FILE}` })
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then((entry) => entry.isFile(), () => false)
}

async function readOrigin(folder: string): Promise<OriginNote | undefined> {
  const text = await readFile(join(folder, ORIGIN_FILE), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    const note: unknown = JSON.parse(text)
    if (Value.Check(OriginNote, note)) return note
  } catch {
    // It says no more than one of another form.
  }
  throw refitError('package-corrupt', { reason: `its ${ORIGIN_FILE} is not of a known form` })
}
