import { Type } from 'typebox'
import { HttpAddress } from '../../define/http-address.js'
import { targetOf, type NotificationTarget, type TargetOptions } from '../../define/notify.js'

export const kind = 'webhook'

export const options = Type.Object(
  {
    url: HttpAddress,
    secret: Type.Optional(Type.String({ minLength: 1 })),
    headers: Type.Record(Type.String({ pattern: '^[A-Za-z0-9-]+$' }), Type.String()),
  },
  { additionalProperties: false },
)

export interface WebhookOptions extends TargetOptions {
  /** What messages are signed with, by HMAC-SHA256; default: they are not. */
  readonly secret?: string
  /** Further headers, e.g. a token that the receiver asks for. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Posts each message as JSON to an address. */
export function webhook(url: string, { secret, headers = {}, ...target }: WebhookOptions = {}): NotificationTarget {
  return targetOf(kind, target, { url, ...(secret === undefined ? {} : { secret }), headers })
}
