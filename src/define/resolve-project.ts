import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import type { Fault } from '../errors.js'
import { chosenEnvironment, environmentFaults, inEnvironment, WrittenEnvironment } from './environments.js'
import { WrittenTarget } from './notify.js'
import { resolveModel, WrittenModel, type AdapterSchemas } from './resolve-model.js'
import { resolveNotify } from './resolve-notify.js'
import { resolveObjects, WrittenObjects } from './resolve-objects.js'
import { placesOfSecrets, unsetSecrets } from './secret.js'
import { structuralFaults } from './structural-faults.js'
import type { AdapterReference, StoredModel, StoredProject } from './stored-definition.js'
import { WrittenServer } from './written-server.js'

/** A project as it leaves the project file; its models are looked at one by one. */
const WrittenProject = Type.Object(
  {
    models: Type.Record(Type.String(), Type.Unknown(), { minProperties: 1 }),
    database: Type.Optional(Type.String({ minLength: 1 })),
    objects: Type.Optional(WrittenObjects),
    notify: Type.Optional(Type.Array(WrittenTarget)),
    server: Type.Optional(WrittenServer),
    environments: Type.Optional(Type.Record(Type.String(), WrittenEnvironment)),
  },
  { additionalProperties: false },
)
type WrittenProject = Static<typeof WrittenProject>

type Resolved = { readonly project: StoredProject } | { readonly faults: readonly Fault[] }

/**
 * Validates what a project file evaluates to, in itself and in each of its environments, and fills in every default: for
 * the environment of that name, or for none. Either faults or a project, never both.
 * @throws RefitError `environment-unknown`
 */
export function resolveProject(written: unknown, schemas: AdapterSchemas, environment?: string): Resolved {
  if (!Value.Check(WrittenProject, written)) return { faults: structuralFaults(WrittenProject, written, '') }
  const { environments = {}, ...plain } = written
  const resolved = resolveWritten(plain, schemas)
  if ('faults' in resolved) return resolved
  const inEach = Object.entries(environments).map(([name, own]) => [name, resolveEnvironment(name, own, plain, schemas)] as const)
  const faults = inEach.flatMap(([, each]) => ('faults' in each ? each.faults : []))
  if (faults.length > 0) return { faults }
  const used = environment === undefined ? plain : inEnvironment(plain, chosenEnvironment(environments, environment))
  // Only what is used here: each environment may have secrets of its own.
  const unset = unsetSecrets(used, '')
  if (unset.length > 0) return { faults: unset }
  return environment === undefined ? resolved : (new Map(inEach).get(environment) ?? resolved)
}

function resolveEnvironment(name: string, own: WrittenEnvironment, project: WrittenProject, schemas: AdapterSchemas): Resolved {
  const path = `environments.${name}`
  const faults = environmentFaults(name, own, project, path)
  if (faults.length > 0) return { faults }
  const resolved = resolveWritten(inEnvironment(project, own), schemas)
  // The project by itself is sound, so whatever is wrong stands in the environment.
  if ('faults' in resolved) return { faults: resolved.faults.map((fault) => ({ ...fault, path: `${path}.${fault.path}` })) }
  return { project: { ...resolved.project, environment: name } }
}

function resolveWritten(written: WrittenProject, schemas: AdapterSchemas): Resolved {
  const faults: Fault[] = placesOfSecrets(written.server, 'server').map(misplaced)
  const objects = written.objects === undefined ? undefined : resolveObjects(written.objects)
  if (objects !== undefined && 'faults' in objects) faults.push(...objects.faults)
  const models: Record<string, StoredModel> = {}
  for (const [name, model] of Object.entries(written.models)) {
    const path = `models.${name}`
    if (!Value.Check(WrittenModel, model)) {
      faults.push(...structuralFaults(WrittenModel, model, path))
      continue
    }
    const resolved = resolveModel(name, model, schemas, path)
    faults.push(...resolved.faults, ...misplacedSecrets(model, path))
    models[name] = resolved.model
  }
  const { invocations } = written.server ?? {}
  if (invocations !== undefined && !Object.hasOwn(written.models, invocations)) faults.push({ path: 'server.invocations', message: `there is no model "${invocations}"; there are: ${Object.keys(written.models).join(', ')}` })
  const notify = resolveNotify(written.notify ?? [], schemas.notifiers ?? {}, Object.keys(written.models))
  faults.push(...notify.faults, ...notify.misplacedSecrets.map(misplaced))
  if (faults.length > 0) return { faults }
  const { database, server = {} } = written
  const project: StoredProject = {
    formatVersion: 1,
    ...(database === undefined ? {} : { database }),
    ...(objects !== undefined && 'objects' in objects ? { objects: objects.objects } : {}),
    server: { controlPort: 7700, servingPort: 7800, servingProcesses: 1, answerWithin: '30 seconds', bind: '127.0.0.1', hosts: [], origins: [], ...server },
    ...(written.notify === undefined ? {} : { notify: [...notify.targets] }),
    models,
  }
  return { project }
}

/** Options of adapters that are looked up when they are used; anywhere else the reference itself would be taken. */
const SECRET_OPTIONS = { train: ['environment', 'parameters'], source: ['database', 'environment', 'credentials', 'endpoint', 'announcements'] } as const

function misplacedSecrets({ train, source, ...model }: WrittenModel, path: string): readonly Fault[] {
  const others = ({ options }: AdapterReference, allowed: readonly string[]): unknown => Object.fromEntries(Object.entries(options).filter(([name]) => !allowed.includes(name)))
  return [
    ...placesOfSecrets(model, path),
    ...placesOfSecrets(others(source, SECRET_OPTIONS.source), `${path}.source.options`),
    ...placesOfSecrets(others(train, SECRET_OPTIONS.train), `${path}.train.options`),
  ].map(misplaced)
}

function misplaced(path: string): Fault {
  const places = 'in `database`, in `credentials` and `endpoint` of `objects`, in these, `announcements`, `database` and `environment` of a source, in `environment` and `parameters` of a trainer, and in `url`, `secret`, `headers`, `smtp` and `environment` of a target of notifications'
  return { path, message: `a secret can stand only ${places}` }
}
