import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { refitError } from '../errors.js'

/** The folder with `refit.config.ts` at `from` or above it. @throws RefitError `project-not-found` */
export function projectFolder(from: string): string {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'refit.config.ts'))) return folder
    if (folder === dirname(folder)) throw refitError('project-not-found', { folder: resolve(from) })
  }
}

/** What a running control server leaves in `.refit/control.json`. */
export const ControlFile = Type.Object({ url: Type.String(), pid: Type.Integer(), startTime: Type.Optional(Type.Union([Type.String(), Type.Number()])) })
export type ControlFile = Static<typeof ControlFile>

/** Where the control server of a project was last; undefined if it was never started or has ended in order. */
export function readControlFile(project: string): ControlFile | undefined {
  const path = join(project, '.refit', 'control.json')
  if (!existsSync(path)) return undefined
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return Value.Check(ControlFile, content) ? content : undefined
  } catch {
    // Half a file: its writer was killed. Then nothing runs that could be found by it.
    return undefined
  }
}
