import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Fault } from '../errors.js'
import { resolveModel, WrittenModel, type AdapterSchemas } from './resolve-model.js'
import { resolveObjects, WrittenObjects } from './resolve-objects.js'
import { placesOfSecrets } from './secret.js'
import { structuralFaults } from './structural-faults.js'
import type { AdapterReference, StoredModel, StoredProject } from './stored-definition.js'

const Port = Type.Integer({ minimum: 0, maximum: 65_535 })

/** A project as it leaves the project file; its models are looked at one by one. */
const WrittenProject = Type.Object(
  {
    models: Type.Record(Type.String(), Type.Unknown(), { minProperties: 1 }),
    database: Type.Optional(Type.String({ minLength: 1 })),
    objects: Type.Optional(WrittenObjects),
    server: Type.Optional(
      Type.Object(
        {
          controlPort: Type.Optional(Port),
          servingPort: Type.Optional(Port),
          bind: Type.Optional(Type.String({ minLength: 1 })),
          hosts: Type.Optional(Type.Array(Type.String())),
          origins: Type.Optional(Type.Array(Type.String())),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)

/** Validates what a project file evaluates to and fills in every default. Either faults or a project, never both. */
export function resolveProject(written: unknown, schemas: AdapterSchemas): { readonly project: StoredProject } | { readonly faults: readonly Fault[] } {
  if (!Value.Check(WrittenProject, written)) return { faults: structuralFaults(WrittenProject, written, '') }
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
  if (faults.length > 0) return { faults }
  const { database, server = {} } = written
  const project: StoredProject = {
    formatVersion: 1,
    ...(database === undefined ? {} : { database }),
    ...(objects !== undefined && 'objects' in objects ? { objects: objects.objects } : {}),
    server: { controlPort: 7700, servingPort: 7800, bind: '127.0.0.1', hosts: [], origins: [], ...server },
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
  const places = 'in `database`, in `credentials` and `endpoint` of `objects`, in these, `announcements`, `database` and `environment` of a source, and in `environment` and `parameters` of a trainer'
  return { path, message: `a secret can stand only ${places}` }
}
