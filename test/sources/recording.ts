import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Drop } from '../../src/drops/drop.js'
import { waitingDrops } from '../../src/drops/queries.js'
import type { RunningDatabase } from '../support/running-database.js'
import type { SeededRandom } from '../support/seeded-random.js'

const entry = fileURLToPath(new URL('./recording-child.js', import.meta.url))
const KILLS = 8

/** Starts the recording again and again: every other time it is killed between the bytes and the row, otherwise soon after the bytes of one of the first. */
export async function recordWithKills(t: TestContext, running: RunningDatabase, random: SeededRandom): Promise<void> {
  for (let kill = 0; kill < KILLS; kill += 1) {
    const hangs = kill % 2 === 0
    const child = startRecording(t, running, hangs ? 'hang' : 'go')
    await child.stored(hangs ? 1 : 1 + random.below(4))
    if (!hangs) await delay(random.below(20))
    await child.kill()
  }
}

/** The drops when the recording, left alone, has come to the last row. */
export async function recordedUntil(t: TestContext, running: RunningDatabase, model: string, isAll: (drops: readonly Drop[]) => Promise<boolean>): Promise<readonly Drop[]> {
  const child = startRecording(t, running, 'go')
  for (;;) {
    const drops = await waitingDrops(running.database, model)
    if (await isAll(drops)) {
      // Nothing may come after it either.
      await delay(100)
      await child.kill()
      return waitingDrops(running.database, model)
    }
    await delay(50)
  }
}

export function startRecording(t: TestContext, running: RunningDatabase, mode: 'hang' | 'go'): { stored(drops: number): Promise<void>; kill(): Promise<void> } {
  const child = spawn(process.execPath, [entry, running.url, running.folder, mode], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
  })
  const lines = createInterface(child.stdout)
  t.after(() => child.kill('SIGKILL'))
  return {
    stored: async (drops) => {
      for (let left = drops; left > 0; left -= 1) await once(lines, 'line')
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}
