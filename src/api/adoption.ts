import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { refitError } from '../errors.js'
import { packageArchive } from '../packages/archive.js'
import { ORIGIN_FILE, type OriginNote } from '../packages/origin-note.js'
import { getModel } from '../registry/models.js'
import { getVersion, type Version } from '../registry/version.js'
import { streamOf, takeBodiesAsStreams, whileConnected } from '../http/body-stream.js'
import type { ApiParts } from './parts.js'
import { runSummary } from './run-answers.js'
import { RunRequested } from './wire/run.js'

const closed = { additionalProperties: false }
const tags = ['versions']
/** Of how sets were cut, that they were cut by time. */
const ByTime = Type.Object({ kind: Type.Literal('time') })

/** The way of a model into and out of this state of Refit. */
export function adoptionRoutes({ database, objects, adopt }: ApiParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    takeBodiesAsStreams(app)
    app.post(
      '/models/:model/adopt',
      {
        // What is brought may be code that the check and serving run: more than any other request can do.
        config: { role: 'admin' },
        schema: {
          operationId: 'adoptModel',
          tags,
          summary: 'Bring a model that was trained elsewhere, and ask for a run that checks it',
          description:
            'The body is a tar archive: the folder that a trainer would leave, an ONNX file, an MLflow model with the flavor onnx or python_function, or what `GET …/package` gives. ' +
            'An entry `refit-trained-on.csv` or `.parquet` has the rows, or only the keys or groups, that it was trained on.',
          consumes: ['application/x-tar'],
          params: Type.Object({ model: Type.String() }),
          querystring: Type.Object(
            {
              reason: Type.String({ minLength: 1, maxLength: 2000, pattern: '\\S', description: 'Kept with the version and in the event log' }),
              path: Type.String({ minLength: 1, maxLength: 4000, description: 'Path or URI that it was taken from' }),
              host: Type.Optional(Type.String({ maxLength: 255, description: 'The host of that path' })),
              environment: Type.Optional(Type.String({ maxLength: 255, description: 'Where it comes from another environment: its name' })),
              trainedUntil: Type.Optional(Type.String({ maxLength: 40, description: 'Newest time of the rows that it was trained on' })),
            },
            closed,
          ),
          response: { 202: RunRequested },
        },
      },
      async (request, reply) => {
        const { model } = request.params
        const content = streamOf(request.body)
        let complete = false
        content.once('end', () => {
          complete = true
        })
        try {
          const run = await whileConnected(request, (signal) => adopt({ model, actor: request.actor, ...request.query }, content, signal))
          return await reply.status(202).send({ run: runSummary(run), coalesced: false })
        } catch (error) {
          if (!complete && content.readableAborted) throw refitError('upload-incomplete', { name: request.query.path }, { cause: error })
          throw error
        }
      },
    )

    app.get(
      '/models/:model/versions/:version/package',
      {
        config: { role: 'operator' },
        schema: {
          operationId: 'getPackage',
          tags,
          summary: 'The package of a version as a tar archive',
          description: `With \`${ORIGIN_FILE}\`, which tells where it comes from and what it was trained on: another Refit adopts the archive as it is.`,
          produces: ['application/x-tar'],
          params: Type.Object({ model: Type.String(), version: Type.Integer({ minimum: 1 }) }),
        },
      },
      async ({ params }, reply) => {
        await getModel(database, params.model)
        const version = await getVersion(database, params.model, params.version)
        const archive = await packageArchive(objects, version.digest, { [ORIGIN_FILE]: JSON.stringify(noteOf(version)) })
        return reply.type('application/x-tar').send(archive)
      },
    )
    done()
  }
}

function noteOf({ model, number, digest, run, lineage }: Version): OriginNote {
  return { formatVersion: 1, model, version: number, digest, ...(run === undefined ? {} : { run }), trainedOn: trainedOn(lineage) }
}

/** Of a version that was brought itself, what was said of it then; the digests of units do not travel, and without them nothing is known. */
function trainedOn({ drops, split, cutBy, holdout, trainedUntil, origin, refitted }: Version['lineage']): OriginNote['trainedOn'] {
  // What was trained on every row has no sides, and elsewhere the same rows may lie in other files: only by time is it known which it has not seen.
  if (refitted !== undefined) return Value.Check(ByTime, split) && trainedUntil !== undefined ? { kind: 'until', time: trainedUntil } : { kind: 'unknown' }
  if (origin === undefined) return { kind: 'drops', drops: drops.map(({ sha256 }) => sha256).filter((sha256) => sha256 !== ''), split, ...(cutBy === undefined ? {} : { cutBy }), ...(holdout === undefined ? {} : { holdout }), ...(trainedUntil === undefined ? {} : { trainedUntil }) }
  switch (origin.trainedOn.kind) {
    case 'elsewhere':
      return { ...origin.trainedOn, kind: 'drops' }
    case 'until':
      return origin.trainedOn
    case 'units':
    case 'unknown':
      return { kind: 'unknown' }
  }
}
