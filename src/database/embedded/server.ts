import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chown, mkdir, open, readFile, readlink, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, DatabaseError } from 'pg'
import { refitError } from '../../errors.js'
import { isOutage } from '../outage.js'
import { preparePlace, type ServerPlace } from './place.js'

const USER = 'refit'
const START_DEADLINE_MS = 60_000
const STOP_PATIENCE_MS = 20_000
const POLL_MS = 20
const RELAUNCH_MS = 500
/** The lock that everyone who uses the server shares; who can have it alone is the last. */
const USERS_LOCK = 7_700_001

/** A PostgreSQL server of the project's own, in use until released. */
export interface EmbeddedServer {
  /** Connection string of the database `refit`. */
  readonly url: string
  /** Starts the server again if it has died. */
  revive(): Promise<void>
  /** Lets go of the server; the last one out stops it. */
  release(): Promise<void>
}

/**
 * Starts the server of a state folder, or adopts the one that runs already, also after a crash of whoever started it.
 * Any number of processes may do so at once.
 * @throws RefitError `postgres-not-packaged`, `postgres-not-started`
 */
export async function startEmbeddedServer(stateFolder: string): Promise<EmbeddedServer> {
  const place = await preparePlace(stateFolder)
  const url = urlOf(place, 'refit')
  let user = await enter(place)
  return {
    url,
    revive: async () => {
      if (await answers(user)) return
      await user.end().catch(() => undefined)
      user = await enter(place)
    },
    release: async () => {
      await leave(place, user)
    },
  }
}

/** Stops the server of a state folder, whoever uses it. Returns whether one was running. */
export async function stopEmbeddedServer(stateFolder: string): Promise<boolean> {
  const { dataFolder } = await preparePlace(stateFolder)
  return stop(dataFolder)
}

async function enter(place: ServerPlace): Promise<Client> {
  if (!existsSync(join(place.dataFolder, 'PG_VERSION'))) await initialise(place)
  const deadline = Date.now() + START_DEADLINE_MS
  let launched: Launched | undefined
  for (;;) {
    try {
      return await register(place)
    } catch (error) {
      if (!isOutage(error)) throw error
      if (Date.now() > deadline) throw refitError('postgres-not-started', { log: logOf(place) }, { cause: error })
    }
    // A server refuses to start while processes of a killed one still hold its memory: it is started until it stays.
    if (launched?.ended !== false && (await serverOf(place.dataFolder)) === undefined) {
      if (launched !== undefined) await delay(RELAUNCH_MS)
      launched = await launch(place)
    }
    await delay(POLL_MS)
  }
}

async function initialise(place: ServerPlace): Promise<void> {
  const temporary = `${place.dataFolder}.init-${randomUUID()}`
  await mkdir(temporary, { recursive: true, mode: 0o700 })
  if (place.account !== undefined) await chown(temporary, place.account.uid, place.account.gid)
  const settings = ['-U', USER, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '-c', 'timezone=UTC', '-c', 'log_timezone=UTC']
  const log = await open(logOf(place), 'a')
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      const child = spawn(join(place.programs, 'bin', 'initdb'), ['-D', temporary, ...settings], {
        cwd: temporary,
        env: {},
        stdio: ['ignore', log.fd, log.fd],
        ...place.account,
      })
      child.once('error', reject)
      child.once('exit', resolve)
    })
    if (code !== 0) throw refitError('postgres-not-started', { log: logOf(place) })
  } finally {
    await log.close()
  }
  // Whoever renames first wins; the others take what is there.
  await rename(temporary, place.dataFolder).catch(async (error: unknown) => {
    await rm(temporary, { recursive: true, force: true })
    if (!existsSync(join(place.dataFolder, 'PG_VERSION'))) throw error
  })
}

/** A server that was started here, and whether it is known to have ended. */
interface Launched {
  ended: boolean
}

async function launch(place: ServerPlace): Promise<Launched> {
  const log = await open(logOf(place), 'a')
  const settings = ['-c', 'listen_addresses=', '-c', 'shared_buffers=16MB', '-c', 'unix_socket_permissions=0700', '-k', '../s']
  try {
    const child = spawn(join(place.programs, 'bin', 'postgres'), ['-D', place.dataFolder, ...settings], {
      cwd: place.dataFolder,
      env: {},
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      ...place.account,
    })
    // Its end says nothing about whether there is a server: another process may have been faster.
    const launched: Launched = { ended: false }
    const end = (): void => {
      launched.ended = true
    }
    child.once('error', end)
    child.once('exit', end)
    child.unref()
    return launched
  } finally {
    await log.close()
  }
}

/** The id of our living server; undefined if there is none. Removes lock files that name another process, or one that has ended. */
async function serverOf(dataFolder: string): Promise<number | undefined> {
  const file = join(dataFolder, 'postmaster.pid')
  const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0])
  if (!Number.isInteger(pid) || pid <= 0 || !existsSync(`/proc/${pid}`)) return undefined
  const state = /^State:\s+(\w)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))?.[1]
  if (state === undefined) return pid
  const isHere = await isSameFolder(`/proc/${pid}/cwd`, dataFolder)
  const program = await readlink(`/proc/${pid}/exe`).catch(() => undefined)
  if (isHere && program !== undefined && basename(program).startsWith('postgres')) return pid
  // PostgreSQL refuses to start while the pid in its file exists, though the number was given to another process, or
  // the server was killed and nobody has asked after it. The lock of its socket says the same.
  await rm(join(dirname(dataFolder), 's', '.s.PGSQL.5432.lock'), { force: true })
  await rm(file, { force: true })
  return undefined
}

/** The kernel names a folder by its real path; ours may lead through links. */
async function isSameFolder(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map((path) => stat(path, { bigint: true }).catch(() => undefined)))
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino
}

async function register(place: ServerPlace): Promise<Client> {
  await ensureDatabase(place)
  const client = new Client({ connectionString: urlOf(place, 'refit'), application_name: 'refit-user' })
  client.on('error', () => undefined)
  await client.connect()
  await client.query('select pg_advisory_lock_shared($1)', [USERS_LOCK])
  return client
}

async function ensureDatabase(place: ServerPlace): Promise<void> {
  const client = new Client({ connectionString: urlOf(place, 'postgres') })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rowCount } = await client.query("select 1 from pg_database where datname = 'refit'")
    if (rowCount === 0) await client.query('create database refit')
  } catch (error) {
    // Another process was faster: duplicate_database, or a unique violation in the catalogue.
    if (!(error instanceof DatabaseError) || (error.code !== '42P04' && error.code !== '23505')) throw error
  } finally {
    await client.end()
  }
}

async function answers(client: Client): Promise<boolean> {
  return client.query('select 1').then(
    () => true,
    () => false,
  )
}

async function leave(place: ServerPlace, user: Client): Promise<void> {
  let last = false
  try {
    await user.query('select pg_advisory_unlock_shared($1)', [USERS_LOCK])
    const { rows } = await user.query<{ last: boolean }>('select pg_try_advisory_lock($1) as last', [USERS_LOCK])
    last = rows[0]?.last === true
  } catch (error) {
    if (!isOutage(error)) throw error
  }
  // The lock is held until the server goes down with it: who comes in between waits, and starts the server anew.
  if (last) await stop(place.dataFolder)
  await user.end().catch(() => undefined)
}

/** Asks the server to end, then tells it to end at once, as a crash that it recovers from. Returns whether one was running. */
async function stop(dataFolder: string): Promise<boolean> {
  const pid = await serverOf(dataFolder)
  if (pid === undefined) return false
  // A server that has lost one of its own processes may take minutes to answer the first.
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    try {
      process.kill(pid, signal)
    } catch {
      // It has ended meanwhile.
      break
    }
    const deadline = Date.now() + STOP_PATIENCE_MS
    // Another one may have been started in its place: that is not the one to end.
    while ((await serverOf(dataFolder)) === pid && Date.now() < deadline) await delay(POLL_MS)
    if ((await serverOf(dataFolder)) !== pid) break
  }
  return true
}

function urlOf(place: ServerPlace, database: string): string {
  return `postgresql://${USER}@localhost/${database}?host=${encodeURIComponent(place.socketFolder)}`
}

function logOf(place: ServerPlace): string {
  return join(dirname(place.dataFolder), 'postgres.log')
}
