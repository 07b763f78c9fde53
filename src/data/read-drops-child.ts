import { join } from 'node:path'
import { answerChildJob } from '../processes/child-job.js'
import { openDuckDb } from './duckdb.js'
import { readDrop } from './read-drop.js'
import { ReadDropsInput } from './read-drops-job.js'
import { tellProgress } from './reading-progress.js'
import type { DropReading } from './snapshot.js'

/** Reads drops one after the other, each whole or not at all, so that a broken one harms nobody. */
answerChildJob(ReadDropsInput, async (input) => {
  const connection = await openDuckDb({ memoryBytes: input.memoryBytes, spillFolder: join(input.outputFolder, 'spill') })
  const readings: Record<string, DropReading> = {}
  for (const drop of input.drops) {
    const stop = await tellProgress(connection, drop.key)
    readings[drop.id] = await readDrop(connection, drop, input)
    stop()
  }
  return readings
})
