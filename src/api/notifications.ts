import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { ApiParts } from './parts.js'
import { NotificationTargets, TestedTargets, TestRequest } from './wire/notification.js'
import { instant } from './wire/time.js'

const tags = ['notifications']

/** Those whom the project tells of what happens. */
export function notificationRoutes({ notifications }: ApiParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.get(
      '/notification-targets',
      { config: { role: 'viewer' }, schema: { operationId: 'listNotificationTargets', tags, summary: 'Who is told of what, and how that goes', response: { 200: NotificationTargets } } },
      async () => {
        const targets = await notifications.targets()
        return {
          targets: targets.map(({ name, kind, on, models, waiting, failure, givenUp, lastGivenUp, lastSentAt }) => ({
            name,
            kind,
            on: [...on],
            ...(models === undefined ? {} : { models: [...models] }),
            waiting,
            ...(failure === undefined ? {} : { failure }),
            givenUp,
            ...(lastGivenUp === undefined ? {} : { lastGivenUp: { at: instant(lastGivenUp.at), failure: lastGivenUp.failure } }),
            ...(lastSentAt === undefined ? {} : { lastSentAt: instant(lastSentAt) }),
          })),
        }
      },
    )

    app.post(
      '/notification-targets/test',
      {
        config: { role: 'operator' },
        schema: {
          operationId: 'testNotificationTargets',
          tags,
          summary: 'Send a real message to one target, or to each, and say what became of it',
          description: 'Answers when every receiver has answered; nothing is tried again.',
          body: TestRequest,
          response: { 200: TestedTargets },
        },
      },
      async ({ body, actor }) => {
        const tested = await notifications.test(actor, body.target)
        return {
          targets: tested.map(({ target, kind, delivery }) => ({ target, kind, taken: delivery.kind === 'taken', detail: delivery.kind === 'taken' ? delivery.detail : delivery.reason })),
        }
      },
    )
    done()
  }
}
