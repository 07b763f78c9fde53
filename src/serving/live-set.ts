import { Type, type Static } from 'typebox'
import { RefitError, refitError } from '../errors.js'
import type { PackageManifest, Signature } from '../packages/manifest.js'
import type { Predictor } from '../predictors/predictor.js'
import { createWant, type Want } from '../predictors/want.js'
import { DEADLINE_MS } from './deadline.js'
import { createPlaces, type Place, type PlacesOptions } from './places.js'
import { Challenger } from './trial.js'
import { warmUp } from './warm-up.js'

/** Which version of a model is to serve. */
export const Desired = Type.Object({
  model: Type.String(),
  version: Type.Integer(),
  /** Grows with every move of the champion pointer. */
  generation: Type.Integer(),
  /** Of the version's package. */
  digest: Type.String(),
  /** The version that is rolled out beside it. */
  challenger: Type.Optional(Challenger),
})
export type Desired = Static<typeof Desired>

/** A model whose life has ended: those who ask it are told so. */
export const Retired = Type.Object({
  model: Type.String(),
  /** ISO 8601. */
  since: Type.String(),
  by: Type.String(),
  reason: Type.String(),
})
export type Retired = Static<typeof Retired>

/** A version that answers. */
export interface LiveModel extends Omit<Desired, 'challenger'> {
  readonly signature: Signature
  readonly since: Date
}

export interface LiveSetOptions {
  /** Makes the package's folder ready on local disk, verified; `example` is a row to warm it up with. */
  readonly fetchPackage: (digest: string) => Promise<{ readonly folder: string; readonly manifest: PackageManifest; readonly example?: object | undefined }>
  readonly load: (folder: string, manifest: PackageManifest) => Promise<Predictor>
  readonly now: () => Date
  /** A request is answered within so long, or fails; default 30 seconds. */
  readonly deadlineMs?: number
  readonly onGivenUp?: PlacesOptions['onGivenUp']
  readonly log: { warn(message: string): void }
}

/** Who asks. */
export interface Asking {
  /** Whether the caller still waits; default: until the deadline. */
  readonly want?: Want | undefined
  /** What `enter` gave for the request, if it was let in before. */
  readonly place?: Place | undefined
}

interface Loaded extends LiveModel {
  readonly predictor: Predictor
  requests: number
  retired: boolean
}

/** The models that answer now. */
export interface LiveSet {
  list(): readonly LiveModel[]
  /** Whether a version of the model answers. */
  isLive(model: string): boolean
  /** @throws RefitError `model-not-live`, `model-retired` */
  get(model: string): LiveModel
  /**
   * Calls `answer` with the version that is live now; that version stays loaded until it returns, or nobody waits for it any
   * more. What is given up then counts as under way until nothing of it is.
   * @throws RefitError `model-not-live`, `model-retired`, `model-busy`, `prediction-timeout`, `caller-left`
   */
  use<T>(model: string, answer: (live: LiveModel, predictor: Predictor) => Promise<T>, asking?: Asking): Promise<T>
  /**
   * Loads and warms a version and puts it in the place of the former one, which is closed when its last request ends.
   * Does nothing if this generation, or a later one, is live. Rejects, with the former one still live, when the
   * package cannot be had or loaded.
   */
  swap(desired: Desired): Promise<void>
  /** Why what answers for a model ended by itself the last time since it was loaded; undefined where it has not. */
  whyEnded(model: string): string | undefined
  /** The body of a request is to come, until what this gives is called. Refuses what would be too many. @throws RefitError `model-busy` */
  expect(model: string): () => void
  /** Lets a request in before it is known what it asks; to be handed to `use`, or given back. Undefined where no version is live. @throws RefitError `model-busy` */
  enter(model: string, want?: Want): Place | undefined
  /** Takes a model out. */
  remove(model: string): void
  /** The models that are retired, in place of those named before. One that is live answers until it is taken out. */
  retire(models: readonly Retired[]): void
}

/** Nobody waits for a first answer. */
const WARM_UP_MS = 60_000

/** Starts with no model live. */
export function createLiveSet({ fetchPackage, load, now, deadlineMs = DEADLINE_MS, onGivenUp, log }: LiveSetOptions): LiveSet {
  const live = new Map<string, Loaded>()
  const places = createPlaces({ deadlineMs, onGivenUp })
  let retirements: ReadonlyMap<string, Retired> = new Map()
  const find = (model: string): Loaded => {
    const found = live.get(model)
    const retired = found === undefined ? retirements.get(model) : undefined
    if (retired !== undefined) throw refitError('model-retired', { ...retired, date: retired.since.slice(0, 10) })
    if (found === undefined) throw refitError('model-not-live', { model, live: [...live.keys()].toSorted().join(', ') || 'none' })
    return found
  }
  // Nobody waits for a predictor to close, and nobody's answer fails with it.
  const close = (model: string, predictor: Predictor): void => {
    predictor.close().catch((error: unknown) => log.warn(`${model}: a version that has been replaced did not close: ${error instanceof Error ? error.message : String(error)}`))
  }
  const closeWhenUnused = ({ model, predictor, retired, requests }: Loaded): void => {
    if (retired && requests === 0) close(model, predictor)
  }
  const retire = (loaded: Loaded | undefined): void => {
    if (loaded === undefined) return
    loaded.retired = true
    closeWhenUnused(loaded)
  }
  const isOutdated = ({ model, generation }: Desired): boolean => (live.get(model)?.generation ?? -1) >= generation
  const loadWarm = async ({ model, digest }: Desired): Promise<{ predictor: Predictor; signature: Signature }> => {
    const { folder, manifest, example } = await fetchPackage(digest)
    const predictor = await load(folder, manifest)
    const want = createWant()
    const timer = setTimeout(() => want.giveUp(refitError('prediction-timeout', { model, seconds: WARM_UP_MS / 1000 })), WARM_UP_MS)
    try {
      await whileWanted(want, warmUp(wantedBy(want, predictor), manifest.signature, example))
    } catch (error) {
      close(model, predictor)
      throw error
    } finally {
      clearTimeout(timer)
    }
    return { predictor, signature: manifest.signature }
  }
  return {
    // By name: in which order they were loaded is chance.
    list: () => [...live.values()].map(describe).toSorted((a, b) => (a.model < b.model ? -1 : 1)),
    isLive: (model) => live.has(model),
    get: (model) => describe(find(model)),
    use: async (model, answer, { want, place } = {}) => {
      const loaded = find(model)
      const gone = want?.givenUp()
      if (gone !== undefined) throw gone
      const { stay, turn, begin, leave } = place ?? places.take(model, want)
      begin()
      loaded.requests += 1
      const work = (async () => {
        await turn()
        return answer(loaded, wantedBy(stay, loaded.predictor))
      })()
      work.then(
        () => leave('answered'),
        (error: unknown) => {
          const why = stay.givenUp()
          const isRefusal = why === undefined ? error instanceof RefitError && error.status < 500 : why.code === 'model-busy'
          leave(isRefusal ? 'refused' : 'failed')
        },
      )
      try {
        return await whileWanted(stay, work)
      } finally {
        loaded.requests -= 1
        closeWhenUnused(loaded)
      }
    },
    swap: async (desired) => {
      if (isOutdated(desired)) return
      const present = live.get(desired.model)
      if (present?.digest === desired.digest) {
        // The same package under another number: nothing to load.
        const { version, generation } = desired
        live.set(desired.model, Object.assign(present, { version, generation, since: now() }))
        return
      }
      const { predictor, signature } = await loadWarm(desired)
      if (isOutdated(desired)) {
        // A later one came first.
        close(desired.model, predictor)
        return
      }
      const former = live.get(desired.model)
      live.set(desired.model, { ...desired, signature, since: now(), predictor, requests: 0, retired: false })
      retire(former)
    },
    whyEnded: (model) => live.get(model)?.predictor.whyEnded?.(),
    expect: places.expect,
    enter: (model, want) => (live.has(model) ? places.take(model, want) : undefined),
    remove: (model) => {
      const present = live.get(model)
      live.delete(model)
      places.forget(model)
      retire(present)
    },
    retire: (models) => {
      retirements = new Map(models.map((each) => [each.model, each]))
    },
  }
}

function describe({ model, version, generation, digest, signature, since }: Loaded): LiveModel {
  return { model, version, generation, digest, signature, since }
}

/** Asks a predictor for somebody. */
function wantedBy(want: Want, predictor: Predictor): Predictor {
  return { ...predictor, predict: (batch) => predictor.predict(batch, want) }
}

/** What comes of it while somebody waits; what comes later is heard by nobody. @throws RefitError why nobody does any more */
function whileWanted<T>(want: Want, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stopListening = want.whenGivenUp(reject)
    work.then(
      (value) => {
        stopListening()
        resolve(value)
      },
      (error: unknown) => {
        stopListening()
        reject(error)
      },
    )
  })
}
