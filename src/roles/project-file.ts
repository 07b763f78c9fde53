import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { refitError } from '../errors.js'

const projectFiles = ['refit.config.ts', 'refit.config.mts', 'refit.config.js', 'refit.config.mjs']

/** The project file in a folder itself, if it has one. */
export function projectFileIn(folder: string): string | undefined {
  return projectFiles.map((name) => join(folder, name)).find((path) => existsSync(path))
}

/** The project file of a folder or of the nearest one above it. @throws RefitError `project-not-found` */
export function findProject(folder: string): { readonly folder: string; readonly file: string } {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const file = projectFileIn(at)
    if (file !== undefined) return { folder: at, file }
    if (dirname(at) === at) throw refitError('project-not-found', { folder: resolve(folder) })
  }
}
