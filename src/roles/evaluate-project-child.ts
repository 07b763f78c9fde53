import { existsSync } from 'node:fs'
import { basename, isAbsolute, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Type } from 'typebox'
import { resolveProject } from '../define/resolve-project.js'
import type { StoredProject } from '../define/stored-definition.js'
import { refitError, type Fault } from '../errors.js'
import { answerChildJob } from '../processes/child-job.js'
import * as email from '../notifications/email/definition.js'
import * as program from '../notifications/program/definition.js'
import * as slack from '../notifications/slack/definition.js'
import * as webhook from '../notifications/webhook/definition.js'
import * as folder from '../sources/folder/definition.js'
import * as produce from '../sources/produce/definition.js'
import * as query from '../sources/query/definition.js'
import * as s3 from '../sources/s3/definition.js'
import * as upload from '../sources/upload/definition.js'
import * as command from '../trainers/command/definition.js'
import * as gradientBoostedTrees from '../trainers/gradient-boosted-trees/definition.js'
import * as module from '../trainers/module/definition.js'

const schemas = {
  sources: { [folder.kind]: folder.options, [produce.kind]: produce.options, [query.kind]: query.options, [s3.kind]: s3.options, [upload.kind]: upload.options },
  trainers: { [gradientBoostedTrees.kind]: gradientBoostedTrees.options, [command.kind]: command.options, [module.kind]: module.options },
  notifiers: { [email.kind]: email.options, [program.kind]: program.options, [slack.kind]: slack.options, [webhook.kind]: webhook.options },
}

const Input = Type.Object({
  bundle: Type.String(),
  file: Type.String(),
  projectFolder: Type.String(),
  environment: Type.Optional(Type.String()),
})

/** Runs the bundled project file and validates what it exports. */
answerChildJob(Input, async ({ bundle, file, projectFolder, environment }) => {
  let written: unknown
  // For the places of whatever it throws: in the user's files, not in the bundle.
  process.setSourceMapsEnabled(true)
  try {
    const loaded: unknown = await import(pathToFileURL(bundle).href)
    written = typeof loaded === 'object' && loaded !== null ? Reflect.get(loaded, 'default') : undefined
  } catch (error) {
    return { thrown: whereThrown(error, projectFolder) }
  }
  if (written === undefined) return { thrown: 'it has no default export; write `export default defineProject({ ... })`' }
  const resolved = resolveProject(plain(written), schemas, environment)
  const faults = 'faults' in resolved ? resolved.faults : [...missingModules(resolved.project, projectFolder), ...(await unfitPatterns(resolved.project))]
  if (faults.length > 0) throw refitError('definition-invalid', { file: basename(file), count: faults.length }, { faults })
  return resolved
})

/** As JSON would have it: what is no data falls away and is then missed by name. */
function plain(written: unknown): unknown {
  const json = JSON.stringify(written)
  const value: unknown = json === undefined ? undefined : JSON.parse(json)
  return value
}

/** The message, and the first place of the stack within the project. */
function whereThrown(error: unknown, projectFolder: string): string {
  if (!(error instanceof Error)) return String(error)
  const place = error.stack?.split('\n').find((line) => line.includes(projectFolder) && !line.includes('node_modules'))
  const file = place?.slice(place.indexOf(projectFolder) + projectFolder.length + 1).replace(/\)$/, '')
  return file === undefined ? error.message : `${error.message} (${file})`
}

function missingModules(project: StoredProject, projectFolder: string): readonly Fault[] {
  return Object.entries(project.models).flatMap(([name, { train, prepare, metrics = {} }]) => {
    const named: Readonly<Record<string, unknown>> = { ...(train.kind === module.kind ? { 'train.path': train.options['path'], 'train.predictor': train.options['predictor'] } : {}), prepare: prepare?.path, ...Object.fromEntries(Object.entries(metrics).map(([metric, { path }]) => [`metrics.${metric}.path`, path])) }
    return Object.entries(named).flatMap(([option, path]) => {
      if (typeof path !== 'string' || existsSync(isAbsolute(path) ? path : join(projectFolder, path))) return []
      return [{ path: `models.${name}.${option}`, message: `there is no file ${path}` }]
    })
  })
}

async function unfitPatterns({ models }: StoredProject): Promise<readonly Fault[]> {
  const withPatterns = Object.entries(models).filter(([, { columns }]) => Object.values(columns).some(({ pattern }) => pattern !== undefined))
  if (withPatterns.length === 0) return []
  // Only then: it opens a database.
  const { patternFaults } = await import('../data/patterns.js')
  return (await Promise.all(withPatterns.map(([name, model]) => patternFaults(model, `models.${name}`)))).flat()
}
