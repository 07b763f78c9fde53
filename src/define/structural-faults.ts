import type { TSchema } from 'typebox'
import { Settings } from 'typebox/system'
import { Value } from 'typebox/value'
import type { Fault } from '../errors.js'

/** Without it only the first eight are told, and alternatives that do not fit use those up. */
const MOST_ERRORS = 1000

interface SchemaError {
  readonly keyword: string
  readonly schemaPath: string
  readonly instancePath: string
  readonly message: string
  readonly params: object
}

/** What of a value does not fit a schema, each fault at its path below `path`, in words. */
export function structuralFaults(schema: TSchema, value: unknown, path: string): readonly Fault[] {
  const faults = new Map<string, string>()
  const errors = ofTheKindMeant(allErrors(schema, value))
  for (const error of errors) {
    const where = dotted(path, error.instancePath)
    for (const [place, message] of wordsFor(where, error, errors)) if (!faults.has(place)) faults.set(place, message)
  }
  // An alternative that fails says less than what is wrong inside it.
  const places = [...faults.keys()]
  return [...faults]
    .filter(([place, message]) => !message.startsWith('is none of') || !places.some((other) => other !== place && other.startsWith(place)))
    .map(([place, message]) => ({ path: place, message }))
}

function allErrors(schema: TSchema, value: unknown): readonly SchemaError[] {
  const { maxErrors } = Settings.Get()
  Settings.Set({ maxErrors: MOST_ERRORS })
  try {
    return Value.Errors(schema, value)
  } finally {
    Settings.Set({ maxErrors })
  }
}

/** Where one alternative has the constant that was written, as `kind: 'group'`, what the others miss is left out. */
function ofTheKindMeant(errors: readonly SchemaError[]): readonly SchemaError[] {
  const left = new Set<string>()
  for (const union of errors.filter(({ keyword }) => keyword === 'anyOf')) {
    const alternatives = new Map<string, boolean>()
    for (const { keyword, schemaPath, instancePath } of errors) {
      if (!schemaPath.startsWith(`${union.schemaPath}/anyOf/`)) continue
      const alternative = schemaPath.split('/', union.schemaPath.split('/').length + 2).join('/')
      const isOther = keyword === 'const' && schemaPath === `${alternative}/properties${instancePath.slice(union.instancePath.length)}`
      alternatives.set(alternative, (alternatives.get(alternative) ?? false) || isOther)
    }
    if (![...alternatives.values()].includes(false)) continue
    for (const [alternative, isOther] of alternatives) if (isOther) left.add(`${alternative}/`)
  }
  return errors.filter(({ schemaPath }) => ![...left].some((alternative) => `${schemaPath}/`.startsWith(alternative)))
}

function wordsFor(where: string, error: SchemaError, errors: readonly SchemaError[]): readonly (readonly [string, string])[] {
  const names = (key: string): readonly string[] => {
    const listed: unknown = Reflect.get(error.params, key)
    return Array.isArray(listed) ? listed.map(String) : []
  }
  switch (error.keyword) {
    case 'required':
      return names('requiredProperties').map((name) => [`${where}.${name}`, 'is missing'])
    case 'additionalProperties':
      return names('additionalProperties').map((name) => [`${where}.${name}`, 'is not known here'])
    case 'boolean':
      return [[where, 'is not known here']]
    case 'const':
    case 'anyOf': {
      const allowed = errors.filter(({ keyword, instancePath }) => keyword === 'const' && instancePath === error.instancePath)
      const values = new Set(allowed.map(({ params }) => JSON.stringify(Reflect.get(params, 'allowedValue'))))
      return [[where, values.size === 0 ? 'is none of the allowed values' : `is none of: ${[...values].join(', ')}`]]
    }
    default:
      return [[where, error.message]]
  }
}

/** A JSON pointer as people write a path: `a.b[0].c`. */
function dotted(path: string, pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((sofar, step) => (/^\d+$/.test(step) ? `${sofar}[${step}]` : sofar === '' ? step : `${sofar}.${step}`), path)
}
