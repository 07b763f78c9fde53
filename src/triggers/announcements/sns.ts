import { Type, type Static } from 'typebox'
import { fitting, type Form, type Wrapped } from './form.js'

/** A message of Amazon SNS as it comes over HTTP, and into a queue. */
export const SnsMessage = Type.Object({
  Type: Type.Union([Type.Literal('Notification'), Type.Literal('SubscriptionConfirmation'), Type.Literal('UnsubscribeConfirmation')]),
  MessageId: Type.String(),
  TopicArn: Type.String(),
  Message: Type.String(),
  Subject: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  Timestamp: Type.Optional(Type.String()),
  Token: Type.Optional(Type.String()),
  SubscribeURL: Type.Optional(Type.String()),
  SignatureVersion: Type.Optional(Type.String()),
  Signature: Type.Optional(Type.String()),
  SigningCertURL: Type.Optional(Type.String()),
})
export type SnsMessage = Static<typeof SnsMessage>

/** As a function of AWS Lambda gets it. */
const LambdaEvent = Type.Object({
  Records: Type.Array(Type.Object({ Sns: Type.Object({ MessageId: Type.String(), TopicArn: Type.String(), Message: Type.String() }) })),
})

/** Carries the text of an announcement. Confirmations of a subscription announce nothing. */
export const sns: Form = {
  recognises: (message) => isSnsMessage(message) || ('Records' in message && isOfSns(message.Records)),
  read: (message, { path }) => {
    if (!isSnsMessage(message)) {
      const { Records } = fitting(LambdaEvent, message, path)
      return { wrapped: Records.map(({ Sns }, index) => inside(Sns, `${path}.Records[${index}].Sns.Message`)) }
    }
    const { Type: type, ...read } = fitting(SnsMessage, message, path)
    return type === 'Notification' ? { wrapped: [inside(read, `${path}.Message`)] } : {}
  },
}

/** Whether it claims to be one; nothing of it is verified. */
export function isSnsMessage(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'TopicArn' in message && 'Type' in message
}

function isOfSns(records: unknown): boolean {
  return Array.isArray(records) && records.some((record: unknown) => typeof record === 'object' && record !== null && 'Sns' in record)
}

function inside({ Message, MessageId, TopicArn }: Pick<SnsMessage, 'Message' | 'MessageId' | 'TopicArn'>, path: string): Wrapped {
  return { content: Message, envelope: { kind: 'sns', id: MessageId, from: TopicArn }, path }
}
