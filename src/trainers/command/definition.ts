import { Type } from 'typebox'
import type { AdapterReference } from '../../define/stored-definition.js'

export const kind = 'command'

export const options = Type.Object(
  {
    command: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
    parameters: Type.Record(Type.String(), Type.Unknown()),
    environment: Type.Record(Type.String(), Type.String()),
    candidate: Type.Optional(Type.String({ minLength: 1 })),
  },
  { additionalProperties: false },
)

export interface CommandOptions {
  /** Handed to the program as REFIT_PARAMS (a JSON file), SM_HPS and SM_HP_*. */
  readonly parameters?: Readonly<Record<string, unknown>>
  /** Further environment variables. */
  readonly environment?: Readonly<Record<string, string>>
  /** Which model becomes the candidate, by its name, where the program logs several through MLflow. */
  readonly candidate?: string
}

/** A trainer in any language: a program and its arguments, run in the project's folder by the training contract. */
export function command(program: readonly [string, ...string[]], { parameters = {}, environment = {}, candidate }: CommandOptions = {}): AdapterReference {
  return { kind, options: { command: [...program], parameters, environment, ...(candidate === undefined ? {} : { candidate }) } }
}
