import { Type } from 'typebox'

/** An instant, ISO 8601 in UTC with milliseconds. */
export const Instant = Type.String({ description: 'Instant, ISO 8601 in UTC' })

/** Leaves out what is undefined: an absent value has no key in an answer. */
export function instant(date: Date): string
export function instant(date: Date | undefined): string | undefined
export function instant(date: Date | undefined): string | undefined {
  return date?.toISOString()
}
