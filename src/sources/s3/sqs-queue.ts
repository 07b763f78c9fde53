import type * as Sdk from '@aws-sdk/client-sqs'
import type { S3Access } from '../../define/s3-location.js'
import { RefitError, refitError } from '../../errors.js'
import { loadOptional } from '../../optional-package.js'
import { awsSettings } from '../../s3/client.js'
import type { AnnouncementQueue, QueuedMessage } from '../announced.js'

const AT_ONCE = 10
const WAIT_SECONDS = 20
/** How long a message that was received stays hidden from others, unless it is held. */
const HIDDEN_SECONDS = 60

/**
 * A queue of Amazon SQS, by its URL, which also tells where it is reached; nothing is loaded before the first use.
 * Needs the rights `sqs:ReceiveMessage`, `sqs:DeleteMessage` and `sqs:ChangeMessageVisibility`.
 */
export function sqsQueue(url: string, { credentials, region }: S3Access): AnnouncementQueue {
  let connecting: Promise<{ readonly sdk: typeof Sdk; readonly client: Sdk.SQSClient }> | undefined
  const connect = async (): Promise<{ readonly sdk: typeof Sdk; readonly client: Sdk.SQSClient }> => {
    const sdk = await loadOptional('s3-not-installed', '@aws-sdk/client-sqs', () => import('@aws-sdk/client-sqs'))
    const { origin, hostname } = new URL(url)
    const itsRegion = /^sqs\.([a-z0-9-]+)\.amazonaws\.com/.exec(hostname)?.[1] ?? region
    // Not the endpoint of S3: the queue may be elsewhere.
    const access = { endpoint: origin, ...(itsRegion === undefined ? {} : { region: itsRegion }), ...(credentials === undefined ? {} : { credentials }) }
    return { sdk, client: new sdk.SQSClient(awsSettings(access, undefined, 'SQS')) }
  }
  const ask = async <T>(request: (queue: { readonly sdk: typeof Sdk; readonly client: Sdk.SQSClient }) => Promise<T>): Promise<T> => {
    try {
      connecting ??= connect()
      return await request(await connecting)
    } catch (error) {
      if (error instanceof RefitError || !(error instanceof Error) || error.name === 'AbortError') throw error
      throw refitError('queue-unreadable', { queue: url, reason: error.message === '' ? error.name : error.message }, { cause: error })
    }
  }
  const refuseFailures = (failed: readonly Sdk.BatchResultErrorEntry[] = []): void => {
    const [first] = failed
    if (first !== undefined) throw refitError('queue-unreadable', { queue: url, reason: `${failed.length} messages: ${first.Message ?? first.Code ?? 'no reason was given'}` })
  }
  const entries = (messages: readonly QueuedMessage[]): { Id: string; ReceiptHandle: string }[] => messages.map(({ receipt }, index) => ({ Id: String(index), ReceiptHandle: receipt }))

  return {
    name: url,
    receive: (signal) =>
      ask(async ({ sdk, client }) => {
        const command = new sdk.ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: AT_ONCE, WaitTimeSeconds: WAIT_SECONDS, VisibilityTimeout: HIDDEN_SECONDS })
        const { Messages: messages = [] } = await client.send(command, { abortSignal: signal })
        return messages.flatMap(({ MessageId: id = '', Body: body = '', ReceiptHandle: receipt }) => (receipt === undefined ? [] : [{ id, body, receipt }]))
      }),
    hold: (messages) =>
      ask(async ({ sdk, client }) => {
        const held = entries(messages).map((entry) => ({ ...entry, VisibilityTimeout: HIDDEN_SECONDS }))
        refuseFailures((await client.send(new sdk.ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries: held }))).Failed)
      }),
    remove: (messages) =>
      ask(async ({ sdk, client }) => {
        refuseFailures((await client.send(new sdk.DeleteMessageBatchCommand({ QueueUrl: url, Entries: entries(messages) }))).Failed)
      }),
    close: () => {
      void connecting?.then(({ client }) => client.destroy()).catch(() => undefined)
      connecting = undefined
    },
  }
}
