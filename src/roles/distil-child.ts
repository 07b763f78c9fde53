import { distilAsChild } from '../predictors/distil-as-child.js'
import { predictors } from './predictors.js'

/** A process of serving that distils one model. */
distilAsChild(predictors)
