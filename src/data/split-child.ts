import { answerChildJob } from '../processes/child-job.js'
import { cutSets } from './cut-sets.js'
import { openDuckDb } from './duckdb.js'
import { SplitInput } from './split-job.js'

/** Cuts the sets in a process of its own. */
answerChildJob(SplitInput, async (input) => cutSets(await openDuckDb({ memoryBytes: input.memoryBytes, spillFolder: `${input.outputFolder}.spill` }), input))
