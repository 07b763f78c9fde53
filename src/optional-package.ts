import { refitError } from './errors.js'

/** Loads an optional package. @throws RefitError `code`, with its `name`, when it is not there */
export async function loadOptional<Module>(code: 's3-not-installed' | 'traces-not-installed', name: string, loading: () => Promise<Module>): Promise<Module> {
  try {
    return await loading()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') throw refitError(code, { name }, { cause: error })
    throw error
  }
}
