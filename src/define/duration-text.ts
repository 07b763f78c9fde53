import { Type } from 'typebox'
import { parseDuration } from './measures.js'

/** A duration as an option of an adapter, such as `'5 minutes'`. */
export const DurationText = Type.Refine(
  Type.String(),
  (text) => parseDuration(text) !== undefined,
  (text) => `"${text}" is no duration; write e.g. '52 weeks' or '10 minutes'`,
)

/** Milliseconds of a text that `DurationText` has accepted. */
export function millisecondsOf(text: string): number {
  const milliseconds = parseDuration(text)
  if (milliseconds === undefined) throw new Error(`"${text}" is no duration`)
  return milliseconds
}
