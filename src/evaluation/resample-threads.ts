import { Worker } from 'node:worker_threads'
import { drawTallies, type DrawnTallies } from './draw-tallies.js'
import { sharedIntegers } from './shared-memory.js'
import { lengthOf } from './tally.js'

/** How many draws a thread takes at a time. */
const SHARE = 8
/** Cells to pass over, in all resamples, below which a thread takes longer to start than it saves. */
const WORTH_A_THREAD = 300_000_000

/** What the threads of a resampling share, beside its numbers. */
export interface SharedDraws {
  readonly drawn: DrawnTallies
  /** The next draw that nobody has taken, how many are done, and how many threads have failed. */
  readonly progress: Int32Array
}
const [NEXT, DONE, FAILED] = [0, 1, 2] as const

/**
 * Makes all draws, on up to so many threads: this one, and others while there are draws left. It waits for them without
 * giving this thread away: whoever judges has nothing else to do, and stays a plain function.
 * @throws Error when a thread has failed
 */
export function tallyOnThreads(drawn: DrawnTallies, threads: number): void {
  const cells = drawn.units + drawn.tallies.reduce((sum, tally) => sum + lengthOf(tally), 0)
  if (threads < 2 || cells * drawn.resamples < WORTH_A_THREAD) return drawTallies(drawn, 0, drawn.resamples)
  const progress = sharedIntegers(3)
  const shared: SharedDraws = { drawn, progress }
  // From the bundle of a child as from the compiled file: rooms lie beside each other in both.
  const others = Array.from({ length: threads - 1 }, () => new Worker(new URL('../evaluation/resample-thread.js', import.meta.url), { workerData: shared }))
  for (const other of others) other.unref()
  takePart(shared)
  for (let done = Atomics.load(progress, DONE); done < drawn.resamples && Atomics.load(progress, FAILED) === 0; done = Atomics.load(progress, DONE)) {
    Atomics.wait(progress, DONE, done)
  }
  if (Atomics.load(progress, FAILED) > 0) throw new Error('a thread of the resampling has failed')
}

/** Takes draws until none is left. */
export function takePart({ drawn, progress }: SharedDraws): void {
  for (;;) {
    const from = Atomics.add(progress, NEXT, SHARE)
    if (from >= drawn.resamples) return
    const to = Math.min(drawn.resamples, from + SHARE)
    drawTallies(drawn, from, to)
    Atomics.add(progress, DONE, to - from)
    Atomics.notify(progress, DONE)
  }
}

/** Says that a thread cannot finish what it took, to whoever waits for it. */
export function giveUp({ progress }: SharedDraws): void {
  Atomics.add(progress, FAILED, 1)
  Atomics.add(progress, DONE, 1)
  Atomics.notify(progress, DONE)
}

/** Whether it is what a thread is started with. */
export function isSharedDraws(data: unknown): data is SharedDraws {
  return typeof data === 'object' && data !== null && 'drawn' in data && 'progress' in data && data.progress instanceof Int32Array
}
