import { Type } from 'typebox'
import type { AdapterReference } from '../../define/stored-definition.js'

export const kind = 'command'

export const options = Type.Object(
  {
    command: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
    parameters: Type.Record(Type.String(), Type.Unknown()),
    environment: Type.Record(Type.String(), Type.String()),
    lockFile: Type.Optional(Type.String({ minLength: 1 })),
    python: Type.Optional(Type.String({ minLength: 1 })),
    candidate: Type.Optional(Type.String({ minLength: 1 })),
    asArguments: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)

export interface CommandOptions {
  /** Handed to the program as REFIT_PARAMS (a JSON file), SM_HPS and SM_HP_*. */
  readonly parameters?: Readonly<Record<string, unknown>>
  /** Further environment variables. */
  readonly environment?: Readonly<Record<string, string>>
  /** `requirements.txt` or `uv.lock`, from the project's folder: the program runs in a Python environment that is made from it, and made once. */
  readonly lockFile?: string
  /** The interpreter that the environment is made with; default `python3`. */
  readonly python?: string
  /** Which model becomes the candidate, by its name, where the program logs several through MLflow. */
  readonly candidate?: string
  /** Hands the parameters to the program as arguments too, `--name value`, as SageMaker does; default false. */
  readonly asArguments?: boolean
}

/** A trainer in any language: a program and its arguments, run in the project's folder by the training contract. */
export function command(program: readonly [string, ...string[]], { parameters = {}, environment = {}, ...rest }: CommandOptions = {}): AdapterReference {
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  return { kind, options: { command: [...program], parameters, environment, ...given } }
}
