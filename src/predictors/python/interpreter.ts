import { resolve } from 'node:path'
import { chosenPython, PROJECT_VARIABLE } from '../predictor-environment.js'

const USUAL = 'python3'

/**
 * The interpreter for a model: the one that whoever runs Refit names for all of them, else the model's own, else that on
 * the path. A relative path is meant from the project's folder, as in a definition.
 */
export function interpreterFor(named: string | undefined): string {
  const chosen = chosenPython() ?? named ?? USUAL
  return chosen.includes('/') ? resolve(process.env[PROJECT_VARIABLE] ?? '.', chosen) : chosen
}
