import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { endServing, ensureServing } from '../src/roles/serving-process.js'
import { untilLive } from '../test/serving/endpoint.js'
import { startPlatform } from '../test/serving/platform.js'
import type { ServedModel } from './served-models.js'

const START_MS = 120_000

/** A server of a model, and how it is asked for rows. */
export interface Contender {
  readonly url: string
  readonly path: string
  body(rows: ServedModel['rows']): string
  stop(): Promise<void>
}

/** The endpoint, which gives ids and logs a tenth of the answers, as it does where nobody says otherwise. */
export async function startOurs({ format, signature, leave }: ServedModel, processes: number): Promise<Contender> {
  const platform = await startPlatform('houses')
  const { version } = await platform.addFolder('houses', { format, signature }, leave)
  await platform.promote('houses', version)
  const { stateFolder, databaseUrl } = platform
  const { url } = await ensureServing({ stateFolder, databaseUrl, bind: '127.0.0.1', port: 0, hosts: [], origins: [], processes, predictionKey: randomBytes(32).toString('hex'), logs: { houses: { share: 0.1 } } }, '0.1.0')
  await untilLive(url, 'houses', version)
  return {
    url,
    path: '/models/houses/predict',
    body: (rows) => JSON.stringify({ rows }),
    stop: async () => {
      await endServing(stateFolder)
      await platform.stop()
    },
  }
}

/** The same model in the same runtime behind bare `node:http` and `JSON.parse`. */
export async function startBare({ format, file, content, signature }: ServedModel, processes: number): Promise<Contender> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-bench-bare-'))
  await writeFile(join(folder, file), content)
  const child = spawn(process.execPath, [besideUs('bare-server.mjs'), format, join(folder, file), JSON.stringify(signature.inputs.map(({ name }) => name)), String(processes)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (data) => resolve(String(data).trim()))
    child.once('exit', () => reject(new Error('the bare server has ended')))
  })
  return {
    url: `http://127.0.0.1:${port}`,
    path: '/',
    body: (rows) => JSON.stringify({ rows }),
    stop: async () => {
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'exit')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The model as scikit-learn has it, behind FastAPI and uvicorn. */
export function startFastApi(python: string, joblib: string, { signature }: ServedModel, processes: number): Promise<Contender> {
  const names = signature.inputs.map(({ name }) => name)
  const body = (rows: ServedModel['rows']): string => JSON.stringify({ rows })
  return startPython(
    (port) => [python, '-m', 'uvicorn', 'fastapi_server:app', '--app-dir', besideUs('.'), '--host', '127.0.0.1', '--port', String(port), '--workers', String(processes), '--log-level', 'error', '--no-access-log'],
    { MODEL_FILE: joblib, MODEL_COLUMNS: JSON.stringify(names) },
    '/predict',
    body,
  )
}

/** The model as MLflow's scoring server has it: `mlflow models serve`. */
export function startMlflow(python: string, folder: string, processes: number): Promise<Contender> {
  const body = (rows: ServedModel['rows']): string => JSON.stringify({ dataframe_split: { columns: Object.keys(rows[0] ?? {}), data: rows.map((row) => Object.values(row)) } })
  return startPython(
    (port) => [python, '-m', 'mlflow', 'models', 'serve', '--model-uri', folder, '--host', '127.0.0.1', '--port', String(port), '--workers', String(processes), '--env-manager', 'local'],
    // The server that it starts is found by the path.
    { PATH: `${dirname(python)}:${process.env['PATH'] ?? ''}` },
    '/invocations',
    body,
  )
}

/** A server of another product, as soon as it answers anything. */
export async function startPython(command: (port: number) => readonly string[], environment: Readonly<Record<string, string>>, path: string, body: Contender['body']): Promise<Contender> {
  const port = await freePort()
  const [program = '', ...parameters] = command(port)
  // In a group of its own, so that its workers end with it.
  const child = spawn(program, parameters, { env: { ...process.env, ...environment }, stdio: ['ignore', 'ignore', 'inherit'], detached: true })
  const contender = { url: `http://127.0.0.1:${port}`, path, body, stop: () => endGroup(child) }
  const deadline = Date.now() + START_MS
  // Whatever it answers to nothing, it listens; workers may come one by one, and take the first requests while warming up.
  while (!(await fetch(`${contender.url}${path}`, { method: 'POST' }).then(() => true, () => false))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`${parameters.slice(0, 4).join(' ')} has not started`)
    await delay(100)
  }
  return contender
}

async function endGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null) return
  process.kill(-child.pid, 'SIGKILL')
  await once(child, 'exit')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}

function besideUs(name: string): string {
  return fileURLToPath(new URL(`../../bench/${name}`, import.meta.url))
}
