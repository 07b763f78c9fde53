import { CheckInput } from '../lifecycle/check-candidate.js'
import { judgeCandidate } from '../lifecycle/judge-candidate.js'
import { answerChildJob } from '../processes/child-job.js'
import { predictors } from './adapters.js'

/** The check's child: candidate and champion are loaded by the predictors that serve them. */
answerChildJob(CheckInput, (input) => judgeCandidate(predictors, input))
