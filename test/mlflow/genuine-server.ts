import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../support/running-project.js'
import { freePort } from '../support/s3-server.js'
import { needsMlflow } from './running-mlflow.js'

const python = process.env['REFIT_TEST_PYTHON'] ?? ''

/** For the options of a test that needs MLflow's own server, and its client besides: without them the test is skipped, and says so. */
export const needsGenuine: { readonly skip?: string } = needsMlflow.skip === undefined ? whyNot() : needsMlflow

/** The server is in the package of the client; what it imports beyond that is not installed with it. */
function whyNot(): { readonly skip?: string } {
  const asked = spawnSync(python, ['-c', "import importlib.util, sys; sys.exit(any(importlib.util.find_spec(name) is None for name in ('alembic', 'flask_cors', 'graphene')))"])
  return asked.status === 0 ? {} : { skip: "the interpreter of REFIT_TEST_PYTHON has not what MLflow's own server imports, see test/requirements.txt" }
}

/** `mlflow server` of PyPI, with a database and files of its own. */
export interface GenuineServer {
  readonly url: string
  stop(): Promise<void>
}

/** Clients send it their files, or write them to its disk themselves (`onDisk`). @throws Error with what it said, when it does not start */
export async function startGenuineServer({ onDisk = false }: { readonly onDisk?: boolean } = {}): Promise<GenuineServer> {
  const folder = await mkdtemp(join(tmpdir(), 'genuine-mlflow-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const { PATH = '' } = process.env
  // It has processes of its own, which end with its group.
  const child = spawn(python, ['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1', '--backend-store-uri', `sqlite:///${join(folder, 'mlflow.db')}`, ...(onDisk ? ['--no-serve-artifacts', '--default-artifact-root', join(folder, 'files')] : ['--artifacts-destination', join(folder, 'files')])], {
    cwd: folder,
    env: { PATH, HOME: folder, MLFLOW_DISABLE_TELEMETRY: 'true', DO_NOT_TRACK: 'true', MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false', GIT_PYTHON_REFRESH: 'quiet' },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-4000)
  })
  const stop = async (): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL')
    await ended
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await until('the genuine server', async () => {
      if (child.exitCode !== null) throw new Error(`it ended at once: ${said}`)
      return (await fetch(`${url}/health`).catch(() => undefined))?.ok === true ? true : undefined
    }, 200)
  } catch (error) {
    await stop()
    throw error
  }
  return { url, stop }
}
