import { Type } from 'typebox'
import { targetOf, type NotificationTarget, type TargetOptions } from '../../define/notify.js'

export const kind = 'email'

const Address = Type.String({ pattern: '@' })

export const options = Type.Object(
  {
    smtp: Type.String({ minLength: 1 }),
    from: Address,
    to: Type.Array(Address, { minItems: 1 }),
  },
  { additionalProperties: false },
)

export interface EmailOptions extends TargetOptions {
  /** The server: `smtp://user:password@mail.example.com:587`, or `smtps://` for TLS from the start. */
  readonly smtp: string
  readonly from: string
  readonly to: string | readonly string[]
}

/** Sends each message as a mail of plain text. */
export function email({ smtp, from, to, ...target }: EmailOptions): NotificationTarget {
  return targetOf(kind, target, { smtp, from, to: typeof to === 'string' ? [to] : [...to] })
}
