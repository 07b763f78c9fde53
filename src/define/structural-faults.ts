import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import type { Fault } from '../errors.js'

/** What of a value does not fit a schema, each fault at its path below `path`, in words. */
export function structuralFaults(schema: TSchema, value: unknown, path: string): readonly Fault[] {
  const faults = new Map<string, string>()
  for (const error of Value.Errors(schema, value)) {
    const where = dotted(path, error.instancePath)
    for (const [place, message] of wordsFor(where, error)) if (!faults.has(place)) faults.set(place, message)
  }
  // An alternative that fails says less than what is wrong inside it.
  const places = [...faults.keys()]
  return [...faults]
    .filter(([place, message]) => !message.startsWith('is none of') || !places.some((other) => other !== place && other.startsWith(place)))
    .map(([place, message]) => ({ path: place, message }))
}

function wordsFor(where: string, error: { readonly keyword: string; readonly message: string; readonly params: object }): readonly (readonly [string, string])[] {
  const names = (key: string): readonly string[] => {
    const listed: unknown = Reflect.get(error.params, key)
    return Array.isArray(listed) ? listed.map(String) : []
  }
  switch (error.keyword) {
    case 'required':
      return names('requiredProperties').map((name) => [`${where}.${name}`, 'is missing'])
    case 'additionalProperties':
      return names('additionalProperties').map((name) => [`${where}.${name}`, 'is not known here'])
    default:
      return [[where, error.keyword === 'boolean' ? 'is not known here' : error.keyword === 'const' || error.keyword === 'anyOf' ? 'is none of the allowed values' : error.message]]
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
