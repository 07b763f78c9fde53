import { answerChildJob } from '../processes/child-job.js'
import { PrepareSetsInput } from './prepare-sets-job.js'
import { writePrepared } from './write-prepared.js'

/** Prepares training and validation set in a process of its own: the module is not trusted yet. */
answerChildJob(PrepareSetsInput, async (input) => {
  await writePrepared(input)
  return {}
})
