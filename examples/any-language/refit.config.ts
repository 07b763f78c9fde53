import { defineProject } from 'refit'
import inPython from './models/in-python.js'
import inTypescript from './models/in-typescript.js'

/** The same question answered twice: by scikit-learn through ONNX, and by a few lines of TypeScript. */
export default defineProject({ models: { 'in-python': inPython, 'in-typescript': inTypescript } })
