import { Type } from 'typebox'
import type { Announcement } from './announcement.js'
import { fitting, type Form } from './form.js'

const Event = Type.Object({
  id: Type.String(),
  'detail-type': Type.String(),
  source: Type.String(),
  time: Type.Optional(Type.String()),
  detail: Type.Object({
    bucket: Type.Object({ name: Type.String({ minLength: 1 }) }),
    object: Type.Object({
      key: Type.String({ minLength: 1 }),
      size: Type.Optional(Type.Number()),
      etag: Type.Optional(Type.String()),
      'version-id': Type.Optional(Type.String()),
      sequencer: Type.Optional(Type.String()),
    }),
  }),
})

const kinds: ReadonlyMap<string, Announcement['kind']> = new Map([
  ['Object Created', 'created'],
  ['Object Restore Completed', 'created'],
  ['Object Deleted', 'removed'],
])

/** What Amazon EventBridge makes of an event of S3: other names, and a key that is not encoded. */
export const eventBridge: Form = {
  recognises: (message) => 'detail-type' in message,
  read: (message, { path, envelopes }) => {
    const event = fitting(Event, message, path)
    const kind = kinds.get(event['detail-type'])
    if (kind === undefined) return {}
    const { bucket, object } = event.detail
    const announcement: Announcement = {
      system: event.source,
      bucket: bucket.name,
      key: object.key,
      rawKey: object.key,
      versionId: object['version-id'],
      eTag: object.etag,
      size: object.size,
      kind,
      sequencer: object.sequencer,
      at: event.time,
      deliveryId: event.id,
      envelopes,
    }
    return { announcements: [announcement] }
  },
}
