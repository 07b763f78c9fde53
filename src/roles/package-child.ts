import { PackageInput, packageCandidate } from '../lifecycle/package-candidate.js'
import { answerChildJob } from '../processes/child-job.js'
import { predictors } from './adapters.js'

/** The packaging's child: what a trainer left is opened in a process of its own. */
answerChildJob(PackageInput, (input) => packageCandidate(predictors, input))
