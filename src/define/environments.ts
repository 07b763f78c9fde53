import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { refitError, type Fault } from '../errors.js'
import { WrittenTarget } from './notify.js'
import { WrittenModel } from './resolve-model.js'
import { WrittenObjects } from './resolve-objects.js'
import { placesOfSecrets } from './secret.js'
import { WrittenServer } from './written-server.js'

/**
 * What of a model may differ between the environments of a project: where its data comes from, and how it runs. What the
 * model is does not, or a version could not move from one to another.
 */
const { source, format, contract, approval, deploy, triggers, limits, dialect, predictionLog } = WrittenModel.properties
export const WrittenModelInEnvironment = Type.Object({ source: Type.Optional(source), format, contract, approval, deploy, triggers, limits, dialect, predictionLog }, { additionalProperties: false })
type WrittenModelInEnvironment = Static<typeof WrittenModelInEnvironment>

/** What stands in place of the project's own values in one environment. */
export const WrittenEnvironment = Type.Object(
  {
    database: Type.Optional(Type.String({ minLength: 1 })),
    objects: Type.Optional(WrittenObjects),
    notify: Type.Optional(Type.Array(WrittenTarget)),
    server: Type.Optional(WrittenServer),
    models: Type.Optional(Type.Record(Type.String(), WrittenModelInEnvironment)),
  },
  { additionalProperties: false },
)
export type WrittenEnvironment = Static<typeof WrittenEnvironment>

const NAME = /^[a-z][a-z0-9-]{0,31}$/
/** Said in place of a name for the project by itself. */
export const NO_ENVIRONMENT = 'none'

function isName(name: string): boolean {
  return NAME.test(name) && name !== NO_ENVIRONMENT
}

/** A name of an environment: it names a folder too. @throws RefitError `environment-invalid` */
export function requireEnvironmentName(name: string): string {
  if (!isName(name)) throw refitError('environment-invalid', { name })
  return name
}

/** What an environment needs of the project that it is one of; its models are looked at one by one. */
interface WrittenParts {
  readonly database?: string | undefined
  readonly objects?: WrittenObjects | undefined
  readonly server?: Static<typeof WrittenServer> | undefined
  readonly models: Readonly<Record<string, unknown>>
}

/** The project as it is written for one environment. A part that the environment has stands in place of the project's; of `server` and `limits` each option by itself. */
export function inEnvironment<P extends WrittenParts>(project: P, environment: WrittenEnvironment): P {
  const { server, models = {}, ...others } = environment
  const overridden = Object.entries(models).map(([name, own]) => [name, modelIn(project.models[name], own)] as const)
  return { ...project, ...others, ...(server === undefined ? {} : { server: { ...project.server, ...server } }), models: { ...project.models, ...Object.fromEntries(overridden) } }
}

function modelIn(written: unknown, { limits: own, ...others }: WrittenModelInEnvironment): unknown {
  // What is no model has been refused by then.
  if (!Value.Check(WrittenModel, written)) return written
  return { ...written, ...others, ...(own === undefined ? {} : { limits: { ...written.limits, ...own } }) }
}

/** What is wrong with an environment by itself, and beside the project. */
export function environmentFaults(name: string, environment: WrittenEnvironment, project: WrittenParts, path: string): readonly Fault[] {
  const faults: Fault[] = []
  if (!isName(name)) faults.push({ path, message: `"${name}" is no name of an environment: lower-case letters, digits and hyphens, from a letter on, at most 32, and not ${NO_ENVIRONMENT}` })
  for (const model of Object.keys(environment.models ?? {})) {
    if (!Object.hasOwn(project.models, model)) faults.push({ path: `${path}.models.${model}`, message: `there is no model "${model}"; there are: ${Object.keys(project.models).join(', ')}` })
  }
  // A reference can have another value on another machine.
  const { database, objects } = project
  if (database !== undefined && placesOfSecrets(database, '').length === 0 && (environment.database ?? database) === database) {
    faults.push({ path: `${path}.database`, message: 'would be the database of the project itself: each environment needs one of its own' })
  }
  if (objects !== undefined && addressOf(environment.objects ?? objects) === addressOf(objects)) {
    faults.push({ path: `${path}.objects`, message: 'would be the place of the objects of the project itself: each environment needs one of its own' })
  }
  return faults
}

function addressOf(objects: WrittenObjects): string {
  return (typeof objects === 'string' ? objects : objects.s3).replace(/\/+$/, '')
}

/** @throws RefitError `environment-unknown` */
export function chosenEnvironment<E>(environments: Readonly<Record<string, E>>, name: string): E {
  const chosen = Object.hasOwn(environments, name) ? environments[name] : undefined
  if (chosen === undefined) throw refitError('environment-unknown', { name, environments: Object.keys(environments).join(', ') || 'none' })
  return chosen
}
