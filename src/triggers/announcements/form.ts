import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { structuralFaults } from '../../define/structural-faults.js'
import { refitError } from '../../errors.js'
import type { Announcement, Envelope } from './announcement.js'

/** Where a part of a delivery stands. */
export interface Place {
  /** For faults: `body.Records[0]`. */
  readonly path: string
  /** What it came in, the outermost first. */
  readonly envelopes: readonly Envelope[]
}

/** Content of an envelope that has yet to be read: text is JSON, anything else is decoded already. */
export interface Wrapped {
  readonly content: unknown
  readonly envelope: Envelope
  readonly path: string
}

/** What a message holds: announcements, and envelopes with more of them. */
export interface Holding {
  readonly announcements?: readonly Announcement[]
  readonly wrapped?: readonly Wrapped[]
}

/** One form in which announcements come. */
export interface Form {
  /** By what no other form has; whether it is well formed shows when it is read. */
  recognises(message: object): boolean
  /** @throws RefitError `announcement-invalid` */
  read(message: object, place: Place): Holding
}

/** A message as its schema has it; fields that the schema does not name are left alone. @throws RefitError `announcement-invalid` */
export function fitting<S extends TSchema>(schema: S, message: unknown, path: string): Static<S> {
  if (Value.Check(schema, message)) return message
  const faults = structuralFaults(schema, message, path)
  throw refitError('announcement-invalid', { reason: faults.map((fault) => `${fault.path} ${fault.message}`).join('; ') }, { faults })
}

/** @throws RefitError `announcement-invalid`, at one place */
export function invalid(path: string, message: string): never {
  throw refitError('announcement-invalid', { reason: `${path} ${message}` }, { faults: [{ path, message }] })
}
