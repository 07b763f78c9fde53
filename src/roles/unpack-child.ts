import { unpackUpload } from '../lifecycle/adoption/unpack-upload.js'
import { UnpackInput } from '../lifecycle/adoption/unpacked.js'
import { answerChildJob } from '../processes/child-job.js'
import { predictors } from './adapters.js'

/** What somebody has brought is unpacked and looked at in a process of its own. */
answerChildJob(UnpackInput, (input) => unpackUpload(predictors, input))
