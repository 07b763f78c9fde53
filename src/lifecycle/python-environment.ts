import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import { digestOf } from '../define/canonical-json.js'
import { refitError } from '../errors.js'
import { basicEnvironment } from '../processes/run-process.js'
import type { LockedEnvironment } from '../trainers/trainer.js'
import type { Attempt } from '../workflow/stage.js'
import { attemptLog } from './folders.js'
import { requireSuccess } from './require-success.js'
import type { LifecycleRun, Rooms } from './run.js'

/** A Python environment that has what a lock file names. */
export interface PythonEnvironment {
  /** Absolute. */
  readonly folder: string
  /** As a definition would name it: a path from the project's folder. */
  readonly interpreter: string
}

/** How a lock file of this name is installed. */
const UV_LOCK = 'uv.lock'
/** Environments lie where they were made, for their programs name that place; what may be used is pointed at. */
const MADE_FOLDER = '.made'
const LOOK_MS = 30_000
const DIGITS = 24

type Place = Pick<Rooms, 'projectFolder' | 'stateFolder'>

/** Where the environment of a lock file is, or will be: it follows from the file's content and the interpreter alone. @throws RefitError `lock-file-unreadable`, `python-missing` */
export async function environmentOf({ projectFolder, stateFolder }: Place, { lockFile, python }: LockedEnvironment): Promise<PythonEnvironment> {
  const path = resolve(projectFolder, lockFile)
  const content = await readFile(path).catch((error: unknown) => {
    throw refitError('lock-file-unreadable', { file: lockFile, reason: reasonOf(error) }, { cause: error })
  })
  const project = basename(path) === UV_LOCK ? await readFile(join(dirname(path), 'pyproject.toml'), 'utf8').catch(() => '') : ''
  const identity = await identityOf(interpreterOf(projectFolder, python))
  const folder = join(stateFolder, 'environments', digestOf([basename(path) === UV_LOCK, content.toString(), project, identity]).slice(0, DIGITS))
  return { folder, interpreter: relative(projectFolder, join(folder, 'bin', 'python')) }
}

/**
 * The environment of a lock file; one that is not there yet is made, in processes of the attempt with the limits of a
 * training. It is there whole or not at all.
 * @throws RefitError `lock-file-unreadable`, `python-missing`, `uv-missing`, `environment-failed`, and those of a training that is ended
 */
export async function ensureEnvironment(rooms: Rooms, run: LifecycleRun, locked: LockedEnvironment, variables: Readonly<Record<string, string>>, attempt: Attempt): Promise<PythonEnvironment> {
  const environment = await environmentOf(rooms, locked)
  const { folder } = environment
  const { environmentsUnderWay: underWay } = rooms
  for (;;) {
    if (existsSync(join(folder, 'bin', 'python'))) return environment
    const other = underWay.get(folder)
    if (other === undefined) break
    // Whether it was made is looked at above: it may have been cancelled.
    await other.catch(() => undefined)
  }
  const making = makeEnvironment(rooms, run, locked, folder, variables, attempt).finally(() => underWay.delete(folder))
  underWay.set(folder, making)
  await making
  return environment
}

async function makeEnvironment(rooms: Rooms, run: LifecycleRun, locked: LockedEnvironment, folder: string, variables: Readonly<Record<string, string>>, attempt: Attempt): Promise<void> {
  const made = join(dirname(folder), MADE_FOLDER)
  await mkdir(made, { recursive: true })
  await removeLeft(made, folder)
  const place = join(made, `${basename(folder)}-${attempt.run}-${attempt.stage}-${attempt.number}`)
  const logFile = attemptLog(rooms.stateFolder, attempt.run, attempt.stage, attempt.number)
  const { limits } = run.definition
  for (const { command, arguments: args, more = {}, workingFolder = rooms.projectFolder } of await stepsOf(rooms, locked, place)) {
    const end = await rooms.executor.run(
      {
        command,
        arguments: args,
        environment: { ...basicEnvironment(), ...variables, ...more },
        workingFolder,
        token: attempt.token,
        limits: { milliseconds: limits.trainMilliseconds, memoryBytes: limits.trainMemoryBytes },
        logFile,
      },
      attempt.signal,
    )
    await requireSuccess(end, run, logFile, (_code, lastWords) => refitError('environment-failed', { lockFile: locked.lockFile, reason: lastWords }))
  }
  const pointer = `${place}.pointer`
  await rm(pointer, { force: true })
  await symlink(relative(dirname(folder), place), pointer)
  await rename(pointer, folder)
}

interface Step {
  readonly command: string
  readonly arguments: readonly string[]
  readonly more?: Readonly<Record<string, string>>
  readonly workingFolder?: string
}

/** By uv where that is installed, for it is quicker; a lock file of its own can be read by nothing else. */
async function stepsOf({ projectFolder }: Place, { lockFile, python }: LockedEnvironment, place: string): Promise<readonly Step[]> {
  const base = interpreterOf(projectFolder, python)
  const path = resolve(projectFolder, lockFile)
  const hasUv = await promisify(execFile)('uv', ['--version'], { timeout: LOOK_MS, env: basicEnvironment() }).then(() => true, () => false)
  if (basename(path) === UV_LOCK) {
    if (!hasUv) throw refitError('uv-missing', { lockFile })
    return [{ command: 'uv', arguments: ['sync', '--frozen', '--no-install-project', '--no-dev', '--python', base], more: { UV_PROJECT_ENVIRONMENT: place }, workingFolder: dirname(path) }]
  }
  const interpreter = join(place, 'bin', 'python')
  if (hasUv) {
    return [
      { command: 'uv', arguments: ['venv', '--clear', '--python', base, place] },
      { command: 'uv', arguments: ['pip', 'install', '--python', interpreter, '--requirements', path], workingFolder: dirname(path) },
    ]
  }
  return [
    { command: base, arguments: ['-m', 'venv', '--clear', place] },
    { command: interpreter, arguments: ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--requirement', path], workingFolder: dirname(path) },
  ]
}

/** What attempts that were ended have left of this environment; what is pointed at stays. */
async function removeLeft(made: string, folder: string): Promise<void> {
  const used = basename(await readlink(folder).catch(() => ''))
  for (const name of await readdir(made)) if (name.startsWith(`${basename(folder)}-`) && name !== used) await rm(join(made, name), { recursive: true, force: true })
}

/** Another release of Python, or another place, makes another environment. */
async function identityOf(interpreter: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(interpreter, ['-c', 'import sys; print(sys.version, sys.base_prefix)'], { timeout: LOOK_MS, env: basicEnvironment() })
    return stdout
  } catch (error) {
    throw refitError('python-missing', { interpreter, reason: reasonOf(error) }, { cause: error })
  }
}

function interpreterOf(projectFolder: string, python: string): string {
  return python.includes('/') ? resolve(projectFolder, python) : python
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
