import { parentPort, workerData } from 'node:worker_threads'
import { chunks, simulate } from './error-rate-simulations.js'

/** Takes pieces of the simulations until none is left. What is shared is the number of the next one. */
const shared: unknown = workerData
if (!(shared instanceof Int32Array) || parentPort === null) throw new Error('started without the number of the next piece')
for (let index = Atomics.add(shared, 0, 1); index < chunks.length; index = Atomics.add(shared, 0, 1)) {
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- the port of a thread, not a window
  parentPort.postMessage(simulate(index))
}
