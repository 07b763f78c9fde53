import { moduleModel } from '../predictors/module/adapter.js'
import { onnx } from '../predictors/onnx/adapter.js'
import type { PredictorAdapter } from '../predictors/predictor.js'
import { pythonModel } from '../predictors/python/adapter.js'
import { ydf } from '../predictors/ydf/adapter.js'

/** The predictors of this build: a new one is a line here. By itself, for a thread of serving reads it at each load. */
export const predictors: readonly PredictorAdapter[] = [ydf, onnx, moduleModel, pythonModel()]
