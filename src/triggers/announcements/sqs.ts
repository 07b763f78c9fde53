import { Type } from 'typebox'
import { fitting, type Form } from './form.js'

/** As a function of AWS Lambda gets messages of a queue, and as whoever forwards them whole. */
const LambdaEvent = Type.Object({
  Records: Type.Array(Type.Object({ body: Type.String(), messageId: Type.Optional(Type.String()), eventSourceARN: Type.Optional(Type.String()) })),
})

const Message = Type.Object({ Body: Type.String(), MessageId: Type.Optional(Type.String()) })

/** Messages of Amazon SQS carry the text of an announcement. */
export const sqs: Form = {
  recognises: (message) => 'Body' in message || ('Records' in message && isOfSqs(message.Records)),
  read: (message, { path }) => {
    if ('Body' in message) {
      const { Body, MessageId } = fitting(Message, message, path)
      return { wrapped: [{ content: Body, envelope: { kind: 'sqs', id: MessageId, from: undefined }, path: `${path}.Body` }] }
    }
    const { Records } = fitting(LambdaEvent, message, path)
    return {
      wrapped: Records.map(({ body, messageId, eventSourceARN }, index) => ({
        content: body,
        envelope: { kind: 'sqs', id: messageId, from: eventSourceARN },
        path: `${path}.Records[${index}].body`,
      })),
    }
  },
}

function isOfSqs(records: unknown): boolean {
  return Array.isArray(records) && records.some((record: unknown) => typeof record === 'object' && record !== null && 'body' in record)
}
