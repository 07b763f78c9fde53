import { Type } from 'typebox'
import { HttpAddress } from '../../define/http-address.js'
import { targetOf, type NotificationTarget, type TargetOptions } from '../../define/notify.js'

export const kind = 'slack'

export const options = Type.Object({ url: HttpAddress }, { additionalProperties: false })

/** Posts each message to an incoming webhook of Slack, or of what understands the same. */
export function slack(url: string, target: TargetOptions = {}): NotificationTarget {
  return targetOf(kind, target, { url })
}
