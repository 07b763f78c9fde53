import { Type } from 'typebox'
import { DurationText } from '../../define/duration-text.js'
import type { Duration } from '../../define/measures.js'
import { targetOf, type NotificationTarget, type TargetOptions } from '../../define/notify.js'

export const kind = 'program'

export const options = Type.Object(
  {
    command: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
    environment: Type.Record(Type.String(), Type.String()),
    time: DurationText,
    memory: Type.Number({ exclusiveMinimum: 0 }),
  },
  { additionalProperties: false },
)

export interface ProgramOptions extends TargetOptions {
  /** Further environment variables; a secret may stand in them. */
  readonly environment?: Readonly<Record<string, string>>
  /** Longest time of the program; default 1 minute. */
  readonly time?: Duration
  /** Largest memory of the program with all its processes, in megabytes; default 500. */
  readonly memory?: number
}

/** Runs a program of yours for each message: its arguments, in the project's folder, without a shell. */
export function program(command: readonly [string, ...string[]], { environment = {}, time = '1 minute', memory = 500, ...target }: ProgramOptions = {}): NotificationTarget {
  return targetOf(kind, target, { command: [...command], environment, time, memory })
}
