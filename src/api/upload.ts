import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { recordDrop } from '../drops/record.js'
import { refitError } from '../errors.js'
import { getModel } from '../registry/models.js'
import { dropSummary } from './drop-answers.js'
import { streamOf, takeBodiesAsStreams } from '../http/body-stream.js'
import type { ApiParts } from './parts.js'
import { DropRecorded } from './wire/drop.js'

/** Name of the source that uploads belong to. */
export const UPLOAD_SOURCE = 'upload'

/** Its body is a stream of bytes: it has parsers of its own. */
export function uploadRoute({ database, objects, clock, onUpload }: ApiParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    takeBodiesAsStreams(app)
    app.post(
      '/models/:model/drops',
      {
        config: { role: 'operator' },
        schema: {
          operationId: 'uploadDrop',
          tags: ['drops'],
          summary: 'Send a drop',
          description: 'The body is the file itself, of any size. The same bytes under the same name are recorded once.',
          consumes: ['application/octet-stream'],
          params: Type.Object({ model: Type.String() }),
          querystring: Type.Object({ name: Type.String({ description: 'Plain file name, e.g. 2026-week-05.csv' }) }, { additionalProperties: false }),
          response: { 200: DropRecorded, 201: DropRecorded },
        },
      },
      async (request, reply) => {
        const { model } = request.params
        const key = checkedName(request.query.name)
        // Before the body: an unknown or a retired model need not be sent a gigabyte.
        await getModel(database, model, 'in life')
        const content = streamOf(request.body)
        let complete = false
        content.once('end', () => {
          complete = true
        })
        try {
          const arrival = { model, source: UPLOAD_SOURCE, key, sourceVersion: undefined, actor: request.actor }
          const { drop, isNew } = await recordDrop(database, objects, clock, arrival, content)
          onUpload()
          return await reply.status(isNew ? 201 : 200).send({ drop: dropSummary(drop), isNew })
        } catch (error) {
          if (!complete && content.readableAborted) throw refitError('upload-incomplete', { name: key }, { cause: error })
          throw error
        }
      },
    )
    done()
  }
}

const LONGEST_NAME_BYTES = 255

/** The name under which an upload is recorded: a plain file name, whatever was written in the address. */
function checkedName(name: string): string {
  const refuse = (reason: string): never => {
    throw refitError('upload-name-invalid', { name: name.slice(0, 80), reason })
  }
  if (name === '') refuse('it is empty.')
  if (Buffer.byteLength(name) > LONGEST_NAME_BYTES) refuse(`it is longer than ${LONGEST_NAME_BYTES} bytes.`)
  if (/[/\\]/.test(name)) refuse('it holds a slash.')
  // eslint-disable-next-line no-control-regex -- control characters are what is refused
  if (/[\u0000-\u001f\u007f]/.test(name)) refuse('it holds a control character.')
  if (name.startsWith('.')) refuse('it begins with a dot.')
  if (name !== name.trim()) refuse('it begins or ends with a space.')
  return name.normalize('NFC')
}
