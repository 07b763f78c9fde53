import { Type, type Static } from 'typebox'
import { ApprovalWhen, type StoredApproval } from './stored-definition.js'

/** When someone has to approve, as the project file says it. */
export const WrittenApproval = Type.Union([
  ApprovalWhen,
  Type.Object({ when: Type.Union([Type.Literal('always'), Type.Literal('when-inconclusive')]), expires: Type.Optional(Type.String()) }, { additionalProperties: false }),
])

/** One that does not expire is kept as the text alone, however it was written. */
export function resolveApproval(written: Static<typeof WrittenApproval>, duration: (text: string, where: string) => number): StoredApproval {
  if (typeof written === 'string') return written
  return written.expires === undefined ? written.when : { when: written.when, expiresAfter: Math.max(1, duration(written.expires, 'approval.expires')) }
}

/** When someone has to approve. */
export function approvalWhen(approval: StoredApproval): ApprovalWhen {
  return typeof approval === 'string' ? approval : approval.when
}
