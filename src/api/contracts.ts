import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { acceptContract } from '../drops/accept-contract.js'
import { columnsUnder, newestContract } from '../drops/contracts.js'
import { getDrop } from '../drops/queries.js'
import { getModel } from '../registry/models.js'
import type { ApiParts } from './parts.js'
import { ContractAccepted, ContractDetail } from './wire/contract.js'
import { instant } from './wire/time.js'

const tags = ['drops']

/** The contract of a model: look at it, or take the form of a refused drop for it. */
export function contractRoutes({ database, objects, clock }: ApiParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.get(
      '/models/:model/contract',
      {
        config: { role: 'viewer' },
        schema: {
          operationId: 'getContract',
          tags,
          summary: 'The columns that a drop must satisfy, and where each comes from',
          params: Type.Object({ model: Type.String() }),
          response: { 200: ContractDetail },
        },
      },
      async ({ params }) => {
        const { definition } = await getModel(database, params.model)
        const contract = await newestContract(database, params.model)
        const columns = Object.entries(columnsUnder(definition, contract)).map(([name, column]) => ({ name, ...column, origin: originOf(name) }))
        function originOf(name: string): ContractDetail['columns'][number]['origin'] {
          const isDeclared = columnsUnder(definition, undefined)[name] === columnsUnder(definition, contract)[name]
          return isDeclared || contract === undefined ? 'declared' : contract.origin
        }
        if (contract === undefined) return { model: params.model, columns }
        const { number, drop, actor, reason, createdAt } = contract
        return {
          model: params.model,
          columns,
          beside: { number, actor, since: instant(createdAt), ...(drop === undefined ? {} : { drop }), ...(reason === undefined ? {} : { reason }) },
        }
      },
    )

    app.post(
      '/drops/:id/accept-contract',
      {
        config: { role: 'operator' },
        schema: {
          operationId: 'acceptContract',
          tags,
          summary: 'Take the form of a quarantined drop for the contract from now on, and let it in where nothing else is wrong with it',
          params: Type.Object({ id: Type.String() }),
          body: Type.Object(
            {
              reason: Type.Optional(Type.String({ minLength: 1, maxLength: 2000, description: 'Kept in the event log; needed unless it is a preview' })),
              preview: Type.Optional(Type.Boolean({ default: false, description: 'Only say what would change' })),
            },
            { additionalProperties: false },
          ),
          response: { 200: ContractAccepted },
        },
      },
      async ({ params, body, actor, signal }) => {
        const drop = await getDrop(database, params.id)
        const { definition } = await getModel(database, drop.model)
        const request = { drop: drop.id, actor, reason: body.reason, preview: body.preview ?? false }
        const { number, amendments, remaining } = await acceptContract({ database, objects, clock }, definition, request, signal)
        return { drop: drop.id, ...(number === undefined ? {} : { number }), changes: amendments.map(({ column, words }) => ({ column, words })), remaining: [...remaining] }
      },
    )
    done()
  }
}
