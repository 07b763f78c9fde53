import { setTimeout as sleep } from 'node:timers/promises'
import { processesWithToken, residentBytes } from '../src/processes/proc.js'

/** Looks at the resident memory of the processes with a token ten times a second, until it is asked for the most. */
export function watchMemory(token: string): { peak(): Promise<number> } {
  const stopped = new AbortController()
  let most = 0
  const looking = (async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      most = Math.max(most, await residentBytes(await processesWithToken((each) => each === token)))
      await sleep(100)
    }
  })()
  return {
    peak: async () => {
      stopped.abort()
      await looking
      return most
    },
  }
}
