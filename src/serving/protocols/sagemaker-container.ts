import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { answerFailure } from '../../http/failures.js'
import { invocationOf, pong, send, takeTexts } from './exchange.js'
import type { ProtocolParts } from './parts.js'
import { echoAttributes, sagemaker } from './sagemaker.js'

/** What SageMaker asks of a container, without tokens: it looks itself at who calls. */
export const sagemakerContainerRoutes = ['/ping', '/invocations', '/execution-parameters'] as const

/** Batch transform sends this much at once, and no request beside it: rows are predicted one request after the other. */
const EXECUTION_PARAMETERS = { MaxConcurrentTransforms: 1, BatchStrategy: 'MULTI_RECORD', MaxPayloadInMB: 6 }

/** SageMaker's container contract, for one model. `accept` is the type of answers where a request asks for none. */
export function sagemakerContainer({ live, ask, isReady }: ProtocolParts, { model, accept }: { readonly model: string; readonly accept?: string | undefined }): FastifyPluginCallbackTypebox {
  const dialect = sagemaker(accept)
  return (app, _options, done) => {
    takeTexts(app, live)
    app.setErrorHandler((error, request, reply) => answerFailure(error, request, reply, dialect.refusal))
    app.get('/ping', (_request, reply) => pong(reply, isReady()))
    app.get('/execution-parameters', () => EXECUTION_PARAMETERS)
    app.post('/invocations', { config: { asks: () => model } }, async (request, reply) => {
      const reading = dialect.read(invocationOf(request))
      const answered = await ask(request, { model, rows: (signature) => reading.rows(signature) })
      return send(echoAttributes(request, reply), reading.answer(answered))
    })
    done()
  }
}
