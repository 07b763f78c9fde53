import { constants, existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { refitError } from '../errors.js'
import type { ProposedProject } from '../define/propose-project.js'
import { evaluateProject } from './evaluate-project.js'
import { projectFileIn } from './project-file.js'

/** A project to be written. */
export interface NewProject {
  /** Made if it is not there. */
  readonly folder: string
  readonly project: ProposedProject
  /** The data, which is copied as the first drop; undefined where drops arrive elsewhere. */
  readonly data: string | undefined
  /** Refit's own version, for package.json. */
  readonly version: string
}

/** What has been written, relative to the project; `drop` is the first drop, where it lies in the project. */
export interface WrittenProject {
  readonly files: readonly string[]
  readonly drop: string | undefined
}

const IGNORED = '.refit/'

/**
 * Writes a project that has been evaluated before, and its first drop; overwrites nothing. When it fails, no file of it is left.
 * @throws RefitError `project-exists`, `definition-invalid`, `definition-unreadable`
 */
export async function writeProject({ folder, project, data, version }: NewProject, signal: AbortSignal): Promise<WrittenProject> {
  const first = data === undefined || project.drops === undefined ? undefined : { data, drop: join(project.drops, dropName(data)) }
  const isThere = first !== undefined && existsSync(join(folder, first.drop)) && (await realpath(join(folder, first.drop))) === (await realpath(first.data))
  const taken = [...project.files.map(({ path }) => path), ...(first === undefined || isThere ? [] : [first.drop])].filter((path) => existsSync(join(folder, path)))
  const present = projectFileIn(folder)
  const inTheWay = [...new Set([...(present === undefined ? [] : [basename(present)]), ...taken])]
  if (inTheWay.length > 0) throw refitError('project-exists', { files: inTheWay.join(', ') })
  await evaluate(project, signal)
  const written: string[] = []
  const write = async (path: string, put: (temporary: string) => Promise<void>): Promise<void> => {
    await putWhole(join(folder, path), put)
    written.push(path)
  }
  const writeText = (path: string, text: string): Promise<void> => write(path, (temporary) => writeFile(temporary, text))
  try {
    if (first !== undefined && !isThere) await write(first.drop, (temporary) => copyFile(first.data, temporary, constants.COPYFILE_FICLONE))
    for (const { path, text } of surroundings(resolve(folder), version)) {
      if (!existsSync(join(folder, path))) await writeText(path, text)
    }
    for (const { path, text } of project.files) await writeText(path, text)
  } catch (error) {
    for (const path of written) await rm(join(folder, path), { force: true })
    throw error
  }
  if (!written.includes('.gitignore')) await ignoreState(join(folder, '.gitignore'))
  return { files: written, drop: first?.drop }
}

/** Loads the project from a place of its own, so that what does not load is never left in the folder. */
async function evaluate({ files }: ProposedProject, signal: AbortSignal): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'refit-init-'))
  try {
    for (const { path, text } of files) {
      await mkdir(dirname(join(scratch, path)), { recursive: true })
      await writeFile(join(scratch, path), text)
    }
    await evaluateProject(scratch, signal)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** The name of the drop: that of the file, unless the folder would take it for a temporary one. */
function dropName(data: string): string {
  const name = basename(data).replace(/^[.~]+/, '')
  return name === '' || /(\.(tmp|part|partial|crdownload|swp)|~)$/i.test(name) ? `first-${name.replaceAll(/[.~]/g, '-')}` : name
}

/** A file is there whole or not at all: the disk may be full, and the folder of drops may be watched. */
async function putWhole(file: string, put: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = join(dirname(file), `.${basename(file)}.part`)
  await mkdir(dirname(file), { recursive: true })
  try {
    await put(temporary)
    await rename(temporary, file)
  } finally {
    await rm(temporary, { force: true })
  }
}

/** What an editor needs to complete the definition, and what git should leave alone. */
function surroundings(folder: string, version: string): readonly { readonly path: string; readonly text: string }[] {
  const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
  return [
    { path: '.gitignore', text: `${IGNORED}\nnode_modules/\n` },
    // Under the name of Refit itself, npm would refuse to install it.
    { path: 'package.json', text: json({ name: name === '' || name === 'refit' ? 'models' : name, private: true, type: 'module', dependencies: { refit: `^${version}` } }) },
    {
      path: 'tsconfig.json',
      text: json({
        compilerOptions: { target: 'ES2023', module: 'NodeNext', strict: true, noEmit: true, skipLibCheck: true },
        include: ['refit.config.ts', 'models'],
      }),
    },
  ]
}

/** Adds the state folder to what git leaves alone. */
async function ignoreState(file: string): Promise<void> {
  const text = await readFile(file, 'utf8')
  if (text.split(/\r?\n/).some((line) => /^\/?\.refit\/?$/.test(line.trim()))) return
  await writeFile(file, `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${IGNORED}\n`)
}
