import { Type } from 'typebox'
import { DurationText } from '../../define/duration-text.js'
import type { Duration } from '../../define/measures.js'
import type { AdapterReference } from '../../define/stored-definition.js'

export const kind = 'produce'

export const options = Type.Object(
  {
    command: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
    every: DurationText,
    environment: Type.Record(Type.String(), Type.String()),
    time: DurationText,
    memory: Type.Number({ exclusiveMinimum: 0 }),
  },
  { additionalProperties: false },
)

export interface ProduceOptions {
  /** Time between the end of one run of the command and the next; default 1 hour. */
  readonly every?: Duration
  /** Further environment variables; a secret may stand in them. */
  readonly environment?: Readonly<Record<string, string>>
  /** Longest time of the command; default 1 hour. */
  readonly time?: Duration
  /** Largest memory of the command with all its processes, in megabytes; default 2,000. */
  readonly memory?: number
}

/** What a command writes is a drop: a program and its arguments, run in the project's folder without a shell. */
export function produce(program: readonly [string, ...string[]], { every = '1 hour', environment = {}, time = '1 hour', memory = 2000 }: ProduceOptions = {}): AdapterReference {
  return { kind, options: { command: [...program], every, environment, time, memory } }
}
