import { access, constants, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { requireEnvironmentName } from '../define/environments.js'
import { refitError } from '../errors.js'
import { startTimeOf } from '../processes/proc.js'

/**
 * Where the state of a project lies: `.refit`, and of each environment a folder of its own there, with its own processes,
 * database and objects.
 * @throws RefitError `environment-invalid`
 */
export function stateFolderOf(projectFolder: string, environment?: string): string {
  const folder = join(projectFolder, '.refit')
  return environment === undefined ? folder : join(folder, 'environments', requireEnvironmentName(environment))
}

/** Makes the folder that state is kept in, where it is named by whoever starts something. @throws RefitError `state-unwritable` */
export async function makeStateFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    await access(folder, constants.W_OK)
  } catch (error) {
    throw refitError('state-unwritable', { folder, reason: error instanceof Error ? error.message : String(error) }, { cause: error })
  }
}

/** Where serving writes what it logs of predictions, until control has taken it from there. */
export function spoolFolderOf(stateFolder: string): string {
  return join(stateFolder, 'serving', 'predictions')
}

/** What a running process leaves in the state folder, so that others find it. */
export const ProcessNote = Type.Object({
  pid: Type.Integer(),
  /** With the id, it names the process for good: ids are given out again. */
  startTime: Type.String(),
  url: Type.String(),
})
export type ProcessNote = Static<typeof ProcessNote>

/** Writes the note of this process, whole or not at all. */
export async function writeProcessNote(stateFolder: string, role: string, url: string): Promise<void> {
  const note: ProcessNote = { pid: process.pid, startTime: (await startTimeOf(process.pid)) ?? '', url }
  await mkdir(stateFolder, { recursive: true })
  const file = noteFile(stateFolder, role)
  await writeFile(`${file}.${process.pid}`, JSON.stringify(note))
  await rename(`${file}.${process.pid}`, file)
}

/** The note of a role whose process is alive; undefined otherwise. */
export async function readProcessNote(stateFolder: string, role: string): Promise<ProcessNote | undefined> {
  const text = await readFile(noteFile(stateFolder, role), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const note = parse(text)
  if (!Value.Check(ProcessNote, note)) return undefined
  return (await startTimeOf(note.pid)) === note.startTime ? note : undefined
}

export async function removeProcessNote(stateFolder: string, role: string): Promise<void> {
  await rm(noteFile(stateFolder, role), { force: true })
}

/** After a power cut a file may be there without its content. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function noteFile(stateFolder: string, role: string): string {
  return join(stateFolder, `${role}.json`)
}
