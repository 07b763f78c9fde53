/** Of whoever runs Refit: the interpreter of all Python models, in place of those that the models name. */
const PYTHON_VARIABLE = 'REFIT_PYTHON'

/** Of a process that opens packages: the folder of the project, from which a model may name its interpreter. */
export const PROJECT_VARIABLE = 'REFIT_PROJECT'

/** The interpreter that whoever runs Refit names for all Python models; undefined: none. */
export function chosenPython(): string | undefined {
  return process.env['REFIT_PYTHON'] || undefined
}

/** What a process that opens packages must know besides what lies in them. */
export function predictorEnvironment(projectFolder: string): Record<string, string> {
  const python = chosenPython()
  return { [PROJECT_VARIABLE]: projectFolder, ...(python === undefined ? {} : { [PYTHON_VARIABLE]: python }) }
}
