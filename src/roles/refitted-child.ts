import { askRefitted, RefittedInput } from '../lifecycle/ask-refitted.js'
import { answerChildJob } from '../processes/child-job.js'
import { predictors } from './adapters.js'

/** Asks the package of a second training, by the predictors that serve it. */
answerChildJob(RefittedInput, (input) => askRefitted(predictors, input))
