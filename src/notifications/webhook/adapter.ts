import { Value } from 'typebox/value'
import type { Clock } from '../../clock.js'
import { revealSecretsIn } from '../../define/secret.js'
import type { Notifier } from '../notifier.js'
import { LONGEST_POST_MS, postJson } from '../post.js'
import { options as schema } from './definition.js'
import { signatureOf } from './signature.js'

/** A receiver of JSON over HTTP. */
export function webhookNotifier(clock: Clock, options: Readonly<Record<string, unknown>>): Notifier {
  return {
    longest: LONGEST_POST_MS,
    send: async (message, signal) => {
      const { url, secret, headers } = Value.Parse(schema, revealSecretsIn(options))
      const body = JSON.stringify(message)
      const signed = secret === undefined ? {} : { 'Refit-Signature': signatureOf(secret, clock.now(), body) }
      return postJson(url, { ...headers, 'Refit-Delivery': message.id, ...signed }, body, signal)
    },
  }
}
