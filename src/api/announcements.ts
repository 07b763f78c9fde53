import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { refitError } from '../errors.js'
import type { ApiParts } from './parts.js'

const tags = ['drops']
const PATH = '/announcements'
const LONGEST_ORIGIN = 253

/**
 * Where S3 and its messengers announce objects. Whatever the form, there is one address: the body tells. It takes no
 * role; a sender shows the secret of a source, or SNS its signature.
 */
export function announcementRoutes({ announcements }: ApiParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => {
      parsed(null, body)
    })
    app.post(
      PATH,
      {
        config: { authenticatesItself: true },
        schema: {
          operationId: 'announce',
          tags,
          summary: 'Announce objects that have arrived in a bucket',
          description:
            'Notifications of S3 and MinIO, EventBridge, SNS, messages of SQS, CloudEvents (structured, batch, binary), or `{"bucket", "key"}`. ' +
            'An announcement is a hint: the present state of the object is looked at and recorded. The answer comes when it is.',
          consumes: ['application/json'],
          response: { 200: Type.Object({ announced: Type.Integer({ description: 'Announcements in the body' }), looked: Type.Integer({ description: 'Objects of sources that were looked at' }) }) },
        },
      },
      ({ headers, body }) => announcements.receive({ headers, body: Buffer.isBuffer(body) ? body : Buffer.alloc(0) }),
    )
    // MinIO looks whether somebody is there before it starts.
    app.head(PATH, { config: { authenticatesItself: true }, schema: { hide: true } }, (_request, reply) => reply.status(204).send())
    // What a sender then delivers has to be believed all the same.
    const handshake = { operationId: 'askToAnnounce', tags, summary: 'Ask whether CloudEvents may be delivered', description: 'The handshake of webhooks: `WebHook-Request-Origin` is answered with `WebHook-Allowed-Origin`.' }
    app.options(PATH, { config: { authenticatesItself: true }, schema: handshake }, async ({ headers }, reply) => {
      if (!(await announcements.isOpen())) throw refitError('announcement-unauthenticated', {})
      const origin = headers['webhook-request-origin']
      if (typeof origin === 'string' && origin.length <= LONGEST_ORIGIN && /^[\w.-]+$/.test(origin)) {
        reply.header('WebHook-Allowed-Origin', origin).header('WebHook-Allowed-Rate', '*')
      }
      return reply.status(204).header('Allow', 'POST').send()
    })
    done()
  }
}
