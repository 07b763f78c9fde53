import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, open, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client as Connection } from 'pg'
import type { RunDetail } from '../../src/api/wire/run.js'
import { createClient, type Client } from '../../src/cli/client.js'
import { preparePlace } from '../../src/database/embedded/place.js'
import { tokenPrefix } from '../../src/lifecycle/run.js'
import { processesWithToken } from '../../src/processes/proc.js'
import { readProcessNote, stateFolderOf } from '../../src/roles/state.js'
import { refit } from '../cli/refit-process.js'
import { childrenOf, killNow } from './living-processes.js'

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))
/** For machines that have much else to do. */
const DEADLINE_MS = 120_000
const POLL_MS = 20

/** What a project runs as. `children`: the disposable processes of runs. */
export type Part = 'control' | 'serving' | 'postgres' | 'children'
const EVERYTHING: readonly Part[] = ['control', 'serving', 'postgres', 'children']

export interface UpOptions {
  /** A pause point, e.g. `train:after`: the run that comes to it stops there. */
  readonly pauseAt?: string
  readonly environment?: Readonly<Record<string, string>>
}

/** What serving has answered. */
export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** A project in a temporary folder, run by `refit up` as processes of its own. */
export interface RunningProject {
  readonly folder: string
  readonly stateFolder: string
  /** Puts a file into the project's folder, whole or not at all. */
  put(path: string, content: string | Buffer): Promise<void>
  remove(path: string): Promise<void>
  /** Names of the files in one of its folders. */
  files(path: string): Promise<readonly string[]>
  /** Starts `refit up` on free ports and comes back when it is up. */
  up(options?: UpOptions): Promise<void>
  /** Ends it by `refit down`, also what a crash has left. */
  down(...options: readonly string[]): Promise<void>
  /** Comes back when a run stands at the pause point of the last `up`. */
  paused(): Promise<void>
  /** The API of the control server that was last up. */
  api(): Client
  /** Ids of the living processes of a part; the server's first. */
  pids(part: Part): Promise<readonly number[]>
  /** Ids of the living processes of a run's stage, grandchildren too. */
  processesOf(run: string, stage: string): Promise<readonly number[]>
  /** `kill -9` at once of all processes of these parts; without a part, of everything. */
  kill(...parts: readonly Part[]): Promise<void>
  /** `kill -9` of the first process of a part, the server itself. */
  killFirst(part: Part): Promise<void>
  /** Waits for a run, also one that is not requested yet, to end; outages are waited out. `patience` in milliseconds, where it is a long one. */
  ended(run: string, patience?: number): Promise<RunDetail>
  /** GET of the serving process, e.g. `/models/price`: status and decoded body; undefined when it does not answer. */
  serving(path: string): Promise<Answer | undefined>
  /** POST of rows to the serving process: status and decoded body; undefined when it does not answer. */
  predict(model: string, rows: readonly object[]): Promise<Answer | undefined>
  /** A connection to its PostgreSQL, for the caller to end. */
  sql(): Promise<Connection>
  /** The same project in one of its environments, with a state, processes and ports of its own. Closed with the project. */
  inEnvironment(name: string): RunningProject
  /** Ends everything that was started and removes the folder. */
  close(): Promise<void>
}

/** Waits until `look` gives something else than undefined. @throws Error that says what was waited for */
export async function until<T>(what: string, look: () => Promise<T | undefined>, every = POLL_MS, patience = DEADLINE_MS): Promise<T> {
  const deadline = Date.now() + patience
  for (;;) {
    const seen = await look()
    if (seen !== undefined) return seen
    if (Date.now() > deadline) throw new Error(`waited ${patience / 1000} s in vain for ${what}`)
    await delay(every)
  }
}

/** Makes a project of these files, by path; nothing runs yet. It may be made anew in a folder that has its state. */
export async function createProject(files: Readonly<Record<string, string>>, given?: string): Promise<RunningProject> {
  if (given !== undefined) await mkdir(given, { recursive: true })
  const folder = await realpath(given ?? (await mkdtemp(join(tmpdir(), 'refit-project-'))))
  // PostgreSQL runs under another account where we are root; it keeps its data here if it can come here.
  await chmod(folder, 0o755)
  const project = runningIn(folder, undefined)
  for (const [path, content] of Object.entries(files)) await project.put(path, content)
  return project
}

function runningIn(folder: string, environment: string | undefined): RunningProject {
  const stateFolder = stateFolderOf(folder, environment)
  const chosen = environment === undefined ? [] : ['--environment', environment]
  const marker = join(folder, `.paused-${environment ?? ''}`)
  const output = join(folder, `.up-${environment ?? ''}.log`)
  const started: number[] = []
  const others: RunningProject[] = []
  let client: Client | undefined

  const put = async (path: string, content: string | Buffer): Promise<void> => {
    const file = join(folder, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(`${file}.partial`, content)
    await rename(`${file}.partial`, file)
  }
  const pids = async (part: Part): Promise<readonly number[]> => {
    switch (part) {
      case 'control':
      case 'serving': {
        const note = await readProcessNote(stateFolder, part)
        return note === undefined ? [] : [note.pid]
      }
      case 'postgres': {
        const { dataFolder } = await preparePlace(stateFolder)
        const pid = Number((await readFile(join(dataFolder, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0])
        return pid > 0 && existsSync(`/proc/${pid}`) ? [pid, ...(await childrenOf(pid))] : []
      }
      case 'children':
        return processesWithToken((token) => token.startsWith(tokenPrefix(stateFolder, '')))
    }
  }
  const processesOf = (run: string, stage: string): Promise<readonly number[]> =>
    processesWithToken((token) => token.startsWith(`${tokenPrefix(stateFolder, run)}/${stage}/`))
  const kill = async (...parts: readonly Part[]): Promise<void> => {
    const all = await Promise.all((parts.length === 0 ? EVERYTHING : parts).map(pids))
    await killNow(all.flat())
  }
  const up = async ({ pauseAt, environment: variables = {} }: UpOptions = {}): Promise<void> => {
    await rm(marker, { force: true })
    const { PATH = '', HOME = '' } = process.env
    const pause = pauseAt === undefined ? {} : { REFIT_PAUSE_AT: pauseAt, REFIT_PAUSE_MARKER: marker }
    const log = await open(output, 'w')
    const child = spawn(process.execPath, ['--enable-source-maps', main, 'up', ...chosen, '--control-port', '0', '--serving-port', '0', '--json', '--no-color'], {
      cwd: folder,
      env: { PATH, HOME, TMPDIR: tmpdir(), ...pause, ...variables },
      stdio: ['ignore', log.fd, log.fd],
    })
    await log.close()
    if (child.pid !== undefined) started.push(child.pid)
    const note = await until('refit up', async () => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`refit up ended at once: ${await readFile(output, 'utf8')}`)
      const present = await readProcessNote(stateFolder, 'control')
      return present?.pid === child.pid ? present : undefined
    })
    client = createClient({ url: note.url, token: undefined, actor: 'test' })
  }
  const askServing = async (path: string, rows?: readonly object[]): Promise<Answer | undefined> => {
    const note = await readProcessNote(stateFolder, 'serving')
    if (note === undefined) return undefined
    const request = rows === undefined ? {} : { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ rows }) }
    const answer = await fetch(new URL(path, note.url), request).catch(() => undefined)
    return answer === undefined ? undefined : { status: answer.status, body: await answer.json() }
  }
  const api = (): Client => {
    if (client === undefined) throw new Error('the project has not been up yet')
    return client
  }
  const down = async (...options: readonly string[]): Promise<void> => {
    const { code, error } = await refit(['down', ...chosen, ...options], { folder, environment: { TMPDIR: tmpdir() } })
    if (code !== 0) throw new Error(`refit down: ${error}`)
  }

  return {
    folder,
    stateFolder,
    put,
    remove: (path) => rm(join(folder, path), { recursive: true, force: true }),
    files: (path) => readdir(join(folder, path)),
    up,
    down,
    paused: async () => {
      await until('the pause', () => Promise.resolve(existsSync(marker) || undefined))
    },
    api,
    pids,
    processesOf,
    kill,
    killFirst: async (part) => killNow((await pids(part)).slice(0, 1)),
    ended: (run, patience) =>
      until(
        `the end of ${run}`,
        async () => {
          const seen = await api().run(run).catch(() => undefined)
          return seen?.state === 'ended' ? seen : undefined
        },
        POLL_MS,
        patience,
      ),
    serving: (path) => askServing(path),
    predict: (model, rows) => askServing(`/models/${encodeURIComponent(model)}/predict`, rows),
    sql: async () => {
      const connection = new Connection({ host: (await preparePlace(stateFolder)).socketFolder, user: 'refit', database: 'refit' })
      // The server may be killed under it.
      connection.on('error', () => undefined)
      await connection.connect()
      return connection
    },
    inEnvironment: (name) => {
      const other = runningIn(folder, name)
      others.push(other)
      return other
    },
    close: async () => {
      try {
        for (const other of others) await other.close()
        await down()
      } finally {
        await kill()
        await killNow(started)
        const { dataFolder } = await preparePlace(stateFolder)
        await rm(dirname(dataFolder), { recursive: true, force: true })
        if (environment === undefined) await rm(folder, { recursive: true, force: true })
      }
    },
  }
}
