import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { refitError } from '../errors.js'

/** The folder with `refit.config.ts` at `from` or above it. @throws RefitError `project-not-found` */
export function projectFolder(from: string): string {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'refit.config.ts'))) return folder
    if (folder === dirname(folder)) throw refitError('project-not-found', { folder: resolve(from) })
  }
}
