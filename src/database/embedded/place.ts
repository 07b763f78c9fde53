import { spawnSync } from 'node:child_process'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, chown, link, lstat, mkdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { refitError } from '../../errors.js'
import { postgresFolder, reachableCopy } from './binaries.js'

/** Where a project's server lives, and as whom it runs. */
export interface ServerPlace {
  /** Folder of PostgreSQL's programs. */
  readonly programs: string
  readonly dataFolder: string
  /** Folder of the socket, short enough for clients. */
  readonly socketFolder: string
  /** Account to run as, where it is not our own: PostgreSQL refuses root. */
  readonly account: { readonly uid: number; readonly gid: number } | undefined
}

/** Has a passwd entry on every system, which initdb insists on. */
const NOBODY = { uid: 65_534, gid: 65_534 }
/** A socket's path may have 107 bytes; PostgreSQL adds `/.s.PGSQL.5432`. */
const LONGEST_SOCKET_FOLDER = 107 - '/.s.PGSQL.5432'.length

/** Prepares the folders of the server that belongs to a state folder. */
export async function preparePlace(stateFolder: string): Promise<ServerPlace> {
  await mkdir(stateFolder, { recursive: true })
  const programs = await postgresFolder()
  const account = process.getuid?.() === 0 ? NOBODY : undefined
  if (account === undefined || (canRun(programs, account) && (await everyoneCanEnter(stateFolder)))) return place(programs, stateFolder, account)
  // The account cannot reach the project, e.g. below a closed home folder of root.
  const elsewhere = await folderElsewhere(stateFolder)
  const hash = createHash('sha256').update(programs).digest('hex').slice(0, 12)
  return place(await reachableCopy(programs, join('/var/tmp', `refit-postgres-${hash}`)), elsewhere, account)
}

async function place(programs: string, folder: string, account: ServerPlace['account']): Promise<ServerPlace> {
  const socketFolder = join(folder, 's')
  await mkdir(socketFolder, { recursive: true, mode: 0o700 })
  await chmod(socketFolder, 0o700)
  if (account !== undefined) await chown(socketFolder, account.uid, account.gid)
  return { programs, dataFolder: join(folder, 'pg'), socketFolder: await shortWay(socketFolder), account }
}

function canRun(programs: string, account: { uid: number; gid: number }): boolean {
  const probe = spawnSync(join(programs, 'bin', 'initdb'), ['--version'], { cwd: '/', env: {}, ...account, timeout: 10_000 })
  return probe.error === undefined && probe.status === 0
}

async function everyoneCanEnter(folder: string): Promise<boolean> {
  const { mode } = await stat(folder)
  if ((mode & 0o001) === 0) return false
  const parent = dirname(folder)
  return parent === folder || everyoneCanEnter(parent)
}

/** The folder is remembered in the state folder, so that new state never meets an old server's data. */
async function folderElsewhere(stateFolder: string): Promise<string> {
  const note = join(stateFolder, 'postgres-folder')
  if (!existsSync(note)) {
    const draft = `${note}.${randomUUID()}`
    await writeFile(draft, join('/var/tmp', `refit-${randomBytes(9).toString('hex')}`))
    // A link, for it does not replace the note of somebody faster: two notes would make two servers.
    await link(draft, note).catch((error: unknown) => {
      if (!existsSync(note)) throw error
    })
    await rm(draft)
  }
  const folder = (await readFile(note, 'utf8')).trim()
  await mkdir(folder, { recursive: true, mode: 0o711 })
  return folder
}

/** A path to the folder that fits into a socket's name: the folder's own, or a link to it. */
async function shortWay(folder: string): Promise<string> {
  if (Buffer.byteLength(folder) <= LONGEST_SOCKET_FOLDER) return folder
  const shortcut = join(tmpdir(), `refit-${process.getuid?.() ?? 0}-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`)
  if ((await lstat(shortcut).catch(() => undefined)) !== undefined && !(await isOurLink(shortcut, folder))) {
    await rm(shortcut).catch((error: unknown) => {
      throw refitError('folder-foreign', { folder: shortcut }, { cause: error })
    })
  }
  await symlink(folder, shortcut).catch(async (error: unknown) => {
    if (!(await isOurLink(shortcut, folder))) throw error
  })
  return shortcut
}

/** Anybody may write where it lies: whoever owns it could lead us to a server of theirs. */
async function isOurLink(shortcut: string, folder: string): Promise<boolean> {
  const found = await lstat(shortcut).catch(() => undefined)
  return found?.isSymbolicLink() === true && found.uid === process.getuid?.() && (await readlink(shortcut)) === folder
}
