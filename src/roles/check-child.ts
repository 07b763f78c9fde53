import { availableParallelism } from 'node:os'
import { CheckInput, TOLD } from '../lifecycle/check-candidate.js'
import { judgeCandidate } from '../lifecycle/judge-candidate.js'
import { answerChildJob } from '../processes/child-job.js'
import { predictors } from './adapters.js'

const MOST_THREADS = 4

/** The check's child: candidate and champion are loaded by the predictors that serve them. */
answerChildJob(CheckInput, (input) => judgeCandidate(predictors, input, { threads: Math.min(MOST_THREADS, availableParallelism()), tell: (words) => console.log(`${TOLD}${words}`) }))
