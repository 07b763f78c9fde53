import { RefitError, refitError } from '../../errors.js'
import type { SignatureColumn } from '../../packages/manifest.js'
import type { FeatureBatch } from '../predictor.js'
import type { Wanted } from '../want.js'
import { encodeRows } from './encode-rows.js'
import type { Worker } from './worker.js'

export interface PoolLimits {
  readonly workers: number
  /** Requests that may wait, each of `rows` rows at most. */
  readonly waiting: number
  /** Rows of one question to a worker. */
  readonly rows: number
  /** Longest time to wait for a worker. */
  readonly waitMilliseconds: number
}

export interface Pool {
  /** Numbers for the rows, `width` for each. Of what is not wanted any more, what waits is not asked. @throws RefitError `prediction-invalid`, `predictor-died`, `predictor-away`, `predictor-busy` */
  predict(batch: FeatureBatch, wanted?: Wanted): Promise<Float64Array>
  /** Memory of the worker that holds the most, in bytes; undefined where that cannot be seen. */
  heldBytes(): number | undefined
  /** Why a worker ended the last time without having been asked to; undefined where none has. */
  whyEnded(): string | undefined
  close(): Promise<void>
}

export interface PoolParts {
  readonly inputs: readonly SignatureColumn[]
  /** Numbers that are answered for a row. */
  readonly width: number
  /** Starts a worker that has loaded the model; it is given up when the signal says so. */
  readonly start: (signal: AbortSignal) => Promise<Worker>
  readonly limits: PoolLimits
}

/** A request that waits, or is with a worker. */
interface Asked {
  readonly batch: FeatureBatch
  readonly wanted: Wanted | undefined
  readonly since: number
  /** It was asked together with others, and one of them failed. */
  alone: boolean
  resolve(values: Float64Array): void
  reject(error: unknown): void
}

/** Requests that wait this long call for another worker. */
const GROW_AFTER_MS = 50
const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 30_000

/**
 * Some workers with the same model, of which each is asked one thing at a time. A request goes to one that is free; while all
 * are busy requests wait, and those that wait are then asked together: the more there are, the more share the cost of asking.
 * A worker that dies fails what it was asked, and is replaced.
 * @throws RefitError what `start` throws, when the first worker cannot be started
 */
export async function startPool({ inputs, width, start, limits }: PoolParts): Promise<Pool> {
  const closing = new AbortController()
  const idle: Worker[] = []
  const all = new Set<Worker>()
  const waiting: Asked[] = []
  let starting = 0
  let failures = 0
  /** Why nobody can answer at the moment. */
  let away: string | undefined
  let pause: NodeJS.Timeout | undefined
  let ended: string | undefined
  /** What is under way beside the requests. */
  const changes = new Set<Promise<void>>()
  const change = (work: Promise<void>): void => {
    const done = work.finally(() => changes.delete(done))
    changes.add(done)
  }

  const join = (worker: Worker): void => {
    all.add(worker)
    void worker.ended.then(() => drop(worker))
    free(worker)
  }

  const add = async (): Promise<void> => {
    starting += 1
    const found = await start(closing.signal).catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
    starting -= 1
    if (typeof found === 'string') failed(found)
    else if (closing.signal.aborted) await found.end()
    else {
      away = undefined
      join(found)
    }
  }

  /** The first one is replaced at once; those that follow without an answer between them, later and later. */
  const failed = (reason: string): void => {
    if (all.size > 0 || starting > 0 || pause !== undefined || closing.signal.aborted) return
    failures += 1
    if (failures === 1) {
      change(add())
      return
    }
    away = reason
    for (const asked of waiting.splice(0)) asked.reject(refitError('predictor-away', { reason }))
    pause = setTimeout(
      () => {
        pause = undefined
        change(add())
      },
      Math.min(FIRST_PAUSE_MS * 2 ** (failures - 2), LONGEST_PAUSE_MS),
    )
    pause.unref()
  }

  const free = (worker: Worker): void => {
    const next = together()
    if (next.length === 0) idle.push(worker)
    else void ask(worker, next)
  }

  /** The requests that have waited longest, as many as one question may have. */
  const together = (): readonly Asked[] => {
    const taken = waiting.splice(0, 1)
    const [first] = taken
    if (first === undefined) return taken
    if (performance.now() - first.since > GROW_AFTER_MS && starting === 0 && all.size < limits.workers) change(add())
    let rows = first.batch.rows
    while (!first.alone && waiting[0]?.alone === false && rows + waiting[0].batch.rows <= limits.rows) {
      rows += waiting[0].batch.rows
      taken.push(...waiting.splice(0, 1))
    }
    return taken
  }

  const ask = async (worker: Worker, asked: readonly Asked[]): Promise<void> => {
    const batches = asked.map(({ batch }) => batch)
    try {
      const values = await worker.ask(encodeRows(inputs, batches))
      const rows = batches.reduce((sum, batch) => sum + batch.rows, 0)
      if (values.length !== rows * width) throw refitError('prediction-invalid', { reason: `it answered ${values.length} values for ${rows} rows` })
      failures = 0
      let at = 0
      for (const { batch, resolve } of asked) {
        resolve(asked.length === 1 ? values : values.slice(at, at + batch.rows * width))
        at += batch.rows * width
      }
    } catch (error) {
      if (error instanceof RefitError && error.code === 'prediction-invalid' && asked.length > 1) {
        // One row that cannot be predicted must not fail those that came with it.
        for (const each of asked.toReversed()) askAlone(each)
      } else for (const { reject } of asked) reject(error)
    }
    if (worker.lives()) free(worker)
  }

  const askAlone = (asked: Asked): void => {
    const givenUp = asked.wanted?.givenUp()
    if (givenUp === undefined) waiting.unshift(Object.assign(asked, { alone: true }))
    else asked.reject(givenUp)
  }

  const drop = (worker: Worker): void => {
    all.delete(worker)
    const at = idle.indexOf(worker)
    if (at !== -1) idle.splice(at, 1)
    change(worker.end())
    if (!closing.signal.aborted) ended = worker.whyEnded()
    failed(worker.whyEnded())
  }

  const submit = (batch: FeatureBatch, wanted: Wanted | undefined): Promise<Float64Array> =>
    new Promise((resolve, reject) => {
      const givenUp = wanted?.givenUp()
      if (givenUp !== undefined) return reject(givenUp)
      const worker = idle.pop()
      const asked: Asked = { batch, wanted, since: performance.now(), alone: false, resolve, reject }
      if (worker !== undefined) void ask(worker, [asked])
      else if (away !== undefined) reject(refitError('predictor-away', { reason: away }))
      else if (waiting.length >= limits.waiting) reject(refitError('predictor-busy', {}))
      else wait(asked)
    })

  const wait = (asked: Asked): void => {
    const patient: Asked = {
      ...asked,
      resolve: (values) => {
        settled()
        asked.resolve(values)
      },
      reject: (error) => {
        settled()
        asked.reject(error)
      },
    }
    const leave = (why: RefitError): void => {
      const at = waiting.indexOf(patient)
      if (at === -1) return
      waiting.splice(at, 1)
      patient.reject(why)
    }
    const timer = setTimeout(() => leave(refitError('predictor-busy', {})), limits.waitMilliseconds)
    const stopListening = asked.wanted?.whenGivenUp(leave)
    const settled = (): void => {
      clearTimeout(timer)
      stopListening?.()
    }
    waiting.push(patient)
  }

  join(await start(closing.signal))
  return {
    predict: async (batch, wanted) => {
      if (batch.rows <= limits.rows) return submit(batch, wanted)
      const values = new Float64Array(batch.rows * width)
      for (let from = 0; from < batch.rows; from += limits.rows) values.set(await submit(slice(batch, from, limits.rows), wanted), from * width)
      return values
    },
    heldBytes: () => {
      const held = [...all].flatMap((worker) => worker.heldBytes() ?? [])
      return held.length === 0 ? undefined : Math.max(...held)
    },
    whyEnded: () => ended,
    close: async () => {
      closing.abort()
      clearTimeout(pause)
      for (const { reject } of waiting.splice(0)) reject(new Error('the predictor is closed'))
      await Promise.all([...all].map((worker) => worker.end()))
      await Promise.all(changes)
    },
  }
}

function slice({ columns, rows }: FeatureBatch, from: number, most: number): FeatureBatch {
  const to = Math.min(rows, from + most)
  return { rows: to - from, columns: Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values.slice(from, to)])) }
}
