import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { createProject, type RunningProject } from './running-project.js'

/** What MLflow's client need not do in a test: ask for minutes, tell its makers, look for git. */
export const QUIET_CLIENT = { MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0', MLFLOW_DISABLE_TELEMETRY: 'true', DO_NOT_TRACK: 'true', GIT_PYTHON_REFRESH: 'quiet' } as const

/** A project in which `./bin/python` is the interpreter of the tests: nothing else here knows where it is. */
export async function pythonProject(files: Readonly<Record<string, string>>, interpreter: string): Promise<RunningProject> {
  const project = await createProject({ ...files, 'bin/python': `#!/bin/sh\nexec '${interpreter}' "$@"\n` })
  await chmod(join(project.folder, 'bin/python'), 0o755)
  return project
}
