import { answerAsThread } from '../predictors/answer-thread.js'
import { predictors } from './predictors.js'

/** A thread of serving that has one version to itself. */
answerAsThread(predictors)
