import { scoreFile } from '../batch/score-file.js'
import { ScoreInput } from '../batch/score-job.js'
import { answerChildJob } from '../processes/child-job.js'
import { endWithParent } from '../processes/end-with-parent.js'
import { predictors } from './adapters.js'

/** The child that scores a file: its rows and the model are opened in a process of its own. */
endWithParent()
answerChildJob(ScoreInput, (input) => scoreFile(predictors, input))
