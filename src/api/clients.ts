import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { breaksOf } from '../clients/breaks.js'
import { forgetClient, recordClient, recordedClients, shapeOfVersion, type RecordedClient } from '../clients/recorded.js'
import { writeTypeScript } from '../clients/write-typescript.js'
import { findSnapshot } from '../drops/snapshots.js'
import { RefitError, refitError } from '../errors.js'
import { getChampion } from '../registry/champion.js'
import { getModel } from '../registry/models.js'
import { getVersion } from '../registry/version.js'
import type { ApiParts } from './parts.js'
import { RecordedClientAnswer, RecordedClientList, WrittenClient } from './wire/client.js'
import { instant } from './wire/time.js'

const closed = { additionalProperties: false }
const tags = ['clients']
/** A union of more than these helps nobody. */
const MOST_SEEN = 30
const ModelName = Type.Object({ model: Type.String() })
const Version = Type.Optional(Type.Integer({ minimum: 1, description: 'Default: the champion' }))

/** Typed clients of models: write one, see which are recorded, forget one. */
export function clientRoutes({ database, clock, project }: ApiParts): FastifyPluginCallbackTypebox {
  const versionOf = async (model: string, version: number | undefined): Promise<number> => {
    const number = version ?? (await getChampion(database, model))?.version
    if (number === undefined) throw refitError('not-serving', { model })
    return number
  }
  const seenCategories = async (model: string, digest: string): Promise<ReadonlyMap<string, readonly string[]>> => {
    // A version that was adopted may have come with another snapshot.
    const kept = await findSnapshot(database, model, digest).catch((error: unknown) => {
      if (error instanceof RefitError) return undefined
      throw error
    })
    return new Map(
      Object.entries(kept?.profile?.columns ?? {}).flatMap(([column, { categories }]) =>
        categories === undefined || categories.otherRows > 0 || categories.values.length > MOST_SEEN ? [] : [[column, categories.values.map(({ value }) => value).toSorted()] as const],
      ),
    )
  }
  const written = async (model: string, number: number): Promise<Pick<WrittenClient, 'model' | 'version' | 'typescript'>> => {
    const { signature, lineage } = await getVersion(database, model, number)
    const source = { model, version: number, signature, shape: await shapeOfVersion(database, model, number), seen: await seenCategories(model, lineage.snapshot), url: project.servingUrl() }
    return { model, version: number, typescript: writeTypeScript(source) }
  }
  const told = async (client: RecordedClient): Promise<RecordedClientAnswer> => {
    const champion = await getChampion(database, client.model)
    const breaks = champion === undefined ? [] : breaksOf(client.shape, await shapeOfVersion(database, client.model, champion.version))
    const { recordedAt, lastAt, ...rest } = client
    return { ...rest, recordedAt: instant(recordedAt), lastAt: instant(lastAt), breaks: [...breaks] }
  }
  return (app, _options, done) => {
    app.get(
      '/models/:model/client',
      {
        config: { role: 'viewer' },
        schema: { operationId: 'writeClient', tags, summary: 'A typed client of a version, without recording that it exists', params: ModelName, querystring: Type.Object({ version: Version }, closed), response: { 200: WrittenClient } },
      },
      async ({ params, query }) => {
        await getModel(database, params.model, 'in life')
        return written(params.model, await versionOf(params.model, query.version))
      },
    )

    app.get(
      '/models/:model/clients',
      { config: { role: 'viewer' }, schema: { operationId: 'listClients', tags, summary: 'Recorded clients of a model, and whether the champion breaks them', params: ModelName, response: { 200: RecordedClientList } } },
      async ({ params }) => {
        await getModel(database, params.model)
        return { clients: await Promise.all((await recordedClients(database, params.model)).map(told)) }
      },
    )

    app.post(
      '/models/:model/clients',
      {
        // Later versions are held to it.
        config: { role: 'operator' },
        schema: {
          operationId: 'recordClient',
          tags,
          summary: 'Write a typed client of a version, and record that it exists',
          description: 'A candidate that would break it then fails the check, unless the definition allows that. Of clients whose types are equal there is one record.',
          params: ModelName,
          body: Type.Object({ version: Version }, closed),
          response: { 200: WrittenClient },
        },
      },
      async ({ params, body, actor }) => {
        const version = await versionOf(params.model, body.version)
        const recorded = await recordClient(database, clock, { model: params.model, version, actor })
        return { ...(await written(params.model, version)), recorded: await told(recorded) }
      },
    )

    app.post(
      '/models/:model/clients/:number/forget',
      {
        config: { role: 'operator' },
        schema: {
          operationId: 'forgetClient',
          tags,
          summary: 'Hold later versions to a client no longer',
          params: Type.Object({ ...ModelName.properties, number: Type.Integer({ minimum: 1 }) }),
          body: Type.Object({ reason: Type.Optional(Type.String({ maxLength: 2000, description: 'Kept in the event log' })) }, closed),
          response: { 200: RecordedClientAnswer },
        },
      },
      async ({ params, body, actor }) => told(await forgetClient(database, clock, { ...params, actor, reason: body.reason })),
    )
    done()
  }
}
