import { Type, type Static } from 'typebox'
import type { Announcement } from './announcement.js'
import { fitting, invalid, type Form, type Place } from './form.js'

const OptionalText = Type.Optional(Type.Union([Type.String(), Type.Null()]))

const S3Record = Type.Object({
  eventVersion: Type.Optional(Type.String()),
  eventSource: Type.Optional(Type.String()),
  eventName: Type.String(),
  eventTime: OptionalText,
  responseElements: Type.Optional(Type.Union([Type.Object({ 'x-amz-request-id': OptionalText }), Type.Null()])),
  s3: Type.Object({
    bucket: Type.Object({ name: Type.String({ minLength: 1 }) }),
    object: Type.Object({
      key: Type.String({ minLength: 1 }),
      size: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
      eTag: OptionalText,
      versionId: OptionalText,
      sequencer: OptionalText,
    }),
  }),
})
type S3Record = Static<typeof S3Record>

const Notification = Type.Object({
  Records: Type.Array(S3Record),
  /** MinIO: bucket and key of the one record, not encoded. */
  Key: Type.Optional(Type.String()),
})

const TestEvent = Type.Object({ Event: Type.Literal('s3:TestEvent') })

/** What S3 and its likes send themselves: AWS, MinIO, Ceph, Versity. A test event, as on setup, announces nothing. */
export const s3Notification: Form = {
  recognises: (message) => ('Event' in message && message.Event === 's3:TestEvent') || ('Records' in message && isOfS3(message.Records)),
  read: (message, place) => {
    if (!('Records' in message)) {
      fitting(TestEvent, message, place.path)
      return {}
    }
    const { Records, Key } = fitting(Notification, message, place.path)
    const [only] = Records.length === 1 ? Records : []
    const plainKey = only !== undefined && Key?.startsWith(`${only.s3.bucket.name}/`) === true ? Key.slice(only.s3.bucket.name.length + 1) : undefined
    return { announcements: Records.flatMap((record, index) => announcementOf(record, { ...place, path: `${place.path}.Records[${index}]` }, plainKey)) }
  },
}

/** A single record without what is around it, as CloudEvents carry it. */
export const s3Record: Form = {
  recognises: (message) => 's3' in message,
  read: (message, place) => ({ announcements: announcementOf(fitting(S3Record, message, place.path), place, undefined) }),
}

function isOfS3(records: unknown): boolean {
  return Array.isArray(records) && records.every((record: unknown) => typeof record === 'object' && record !== null && 's3' in record)
}

function announcementOf(record: S3Record, { path, envelopes }: Place, plainKey: string | undefined): readonly Announcement[] {
  const { eventVersion = '2.0', eventSource = 's3', s3 } = record
  if (!/^2(\.|$)/.test(eventVersion)) invalid(`${path}.eventVersion`, `is ${eventVersion}; only 2.x is understood`)
  const kind = kindOf(record.eventName)
  if (kind === undefined) return []
  const { key, size, eTag, versionId, sequencer } = s3.object
  return [
    {
      system: eventSource,
      bucket: s3.bucket.name,
      key: plainKey ?? decodeKey(key),
      rawKey: key,
      versionId: versionId === '' || versionId === 'null' ? undefined : (versionId ?? undefined),
      eTag: eTag?.replaceAll('"', ''),
      size: size ?? undefined,
      kind,
      sequencer: sequencer ?? undefined,
      at: record.eventTime ?? undefined,
      deliveryId: record.responseElements?.['x-amz-request-id'] ?? undefined,
      envelopes,
    },
  ]
}

/** MinIO and Versity write `s3:` before the name. What is neither new nor gone, such as a tag, announces nothing. */
function kindOf(eventName: string): Announcement['kind'] | undefined {
  const name = eventName.replace(/^s3:/, '')
  if (name.startsWith('ObjectCreated:') || name === 'ObjectRestore:Completed') return 'created'
  return name.startsWith('ObjectRemoved:') || name.startsWith('LifecycleExpiration:') ? 'removed' : undefined
}

/** Keys are encoded as in a form: `+` is a space, then one round of percent-decoding. What cannot be is no encoded key. */
function decodeKey(encoded: string): string {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '))
  } catch {
    return encoded
  }
}
