import { readFileSync } from 'node:fs'
import { Type } from 'typebox'
import { Value } from 'typebox/value'

/** The version in Refit's own package.json. */
export function refitVersion(): string {
  const content: unknown = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
  return Value.Parse(Type.Object({ version: Type.String() }), content).version
}
