import { Type } from 'typebox'
import type { Announcement } from './announcement.js'
import { fitting, type Form } from './form.js'

const Plain = Type.Object({
  bucket: Type.String({ minLength: 1 }),
  key: Type.String({ minLength: 1 }),
  versionId: Type.Optional(Type.String()),
  eTag: Type.Optional(Type.String()),
  size: Type.Optional(Type.Number()),
})

/** What a script of one's own writes, or a CloudEvent carries: bucket and key, as they are. */
export const plain: Form = {
  recognises: (message) => 'bucket' in message && 'key' in message,
  read: (message, { path, envelopes }) => {
    const { bucket, key, versionId, eTag, size } = fitting(Plain, message, path)
    const around = envelopes.at(-1)
    const announcement: Announcement = {
      system: around?.from ?? 'plain',
      bucket,
      key,
      rawKey: key,
      versionId,
      eTag,
      size,
      kind: /delet|remov/i.test(around?.type ?? '') ? 'removed' : 'created',
      sequencer: undefined,
      at: undefined,
      deliveryId: around?.id,
      envelopes,
    }
    return { announcements: [announcement] }
  },
}
