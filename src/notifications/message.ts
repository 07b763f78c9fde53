import { Type, type Static } from 'typebox'
import { NotificationKind } from '../define/notify.js'

/** What a receiver is sent; docs/notifications.md describes it. Names stay, others may be added. */
export const Message = Type.Object({
  formatVersion: Type.Literal(1),
  /** The same with every try, so that a receiver can tell a repetition. */
  id: Type.String(),
  kind: Type.Union([NotificationKind, Type.Literal('test')]),
  /** When it happened. */
  at: Type.String(),
  /** Name of the project's folder, and its environment. */
  project: Type.String(),
  model: Type.Optional(Type.String()),
  run: Type.Optional(Type.String()),
  version: Type.Optional(Type.Integer()),
  drop: Type.Optional(Type.String()),
  /** Who caused it, as the event log names them. */
  actor: Type.String(),
  /** A few words, as a title. */
  summary: Type.String(),
  /** What happened and why. */
  text: Type.String(),
  /** What to do about it. */
  next: Type.String(),
  /** Address of the control server. */
  url: Type.Optional(Type.String()),
  /** It is told more than a day after it happened. */
  late: Type.Optional(Type.Literal(true)),
})
export type Message = Static<typeof Message>

const LATE_MS = 86_400_000

/** A kept message as it is sent now. */
export function asSentNow(message: Message, now: Date, url: string | undefined): Message {
  const isLate = now.getTime() - Date.parse(message.at) > LATE_MS
  return { ...message, ...(url === undefined ? {} : { url }), ...(isLate ? { late: true } : {}) }
}

/** What is written above a message that comes late; empty otherwise. */
export function lateness({ late, at }: Message): string {
  return late === true ? `Told late: this happened at ${at}.` : ''
}
