import { parentPort, workerData } from 'node:worker_threads'
import { simulate } from './error-rate-simulations.js'

/** Takes pieces of the simulations until none is left. What is shared is the pieces that are wanted, and how many of them are taken. */
const shared: unknown = workerData
if (!isShared(shared) || parentPort === null) throw new Error('started without the pieces that are wanted')
const { pieces, taken } = shared
for (let at = Atomics.add(taken, 0, 1); at < pieces.length; at = Atomics.add(taken, 0, 1)) {
  const piece = pieces[at] ?? 0
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- the port of a thread, not a window
  parentPort.postMessage({ piece, counts: simulate(piece) })
}

function isShared(data: unknown): data is { readonly pieces: Int32Array; readonly taken: Int32Array } {
  return typeof data === 'object' && data !== null && 'pieces' in data && data.pieces instanceof Int32Array && 'taken' in data && data.taken instanceof Int32Array
}
