import { answerChildJob } from '../processes/child-job.js'
import { cutEveryRow } from './cut-every-row.js'
import { openDuckDb } from './duckdb.js'
import { EveryRowInput } from './every-row-job.js'

/** Gathers every row in a process of its own. */
answerChildJob(EveryRowInput, async (input) => cutEveryRow(await openDuckDb({ memoryBytes: input.memoryBytes, spillFolder: `${input.outputFolder}.spill` }), input))
