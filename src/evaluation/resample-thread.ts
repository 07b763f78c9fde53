import { workerData } from 'node:worker_threads'
import { giveUp, isSharedDraws, takePart } from './resample-threads.js'

/** A thread that takes part in a resampling. It ends when no draws are left. */
const shared: unknown = workerData
if (!isSharedDraws(shared)) throw new Error('started with something else than draws to make')
try {
  takePart(shared)
} catch (error) {
  giveUp(shared)
  throw error
}
