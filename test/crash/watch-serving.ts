import { setTimeout as delay } from 'node:timers/promises'
import type { RunningProject } from '../support/running-project.js'
import { MODEL } from '../support/small-project.js'

const PAUSE_MS = 20

/** Asks serving for predictions, one after the other, until stopped; then gives everything that was not a prediction. */
export function watchServing(project: RunningProject): { stop(): Promise<readonly string[]> } {
  const wrong: string[] = []
  let answered = 0
  const stopped = new AbortController()
  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const answer = await project.predict(MODEL, [{ distance_km: 100 }]).catch((error: unknown) => String(error))
      if (typeof answer === 'object' && answer.status === 200) answered += 1
      else wrong.push(JSON.stringify(answer))
      await delay(PAUSE_MS)
    }
  }
  const done = loop()
  return {
    stop: async () => {
      stopped.abort()
      await done
      return answered === 0 ? ['it was never asked'] : wrong
    },
  }
}
