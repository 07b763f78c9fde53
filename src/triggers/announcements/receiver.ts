import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { revealSecrets } from '../../define/secret.js'
import { refitError } from '../../errors.js'
import { decodeUtf8 } from './cloud-event.js'
import { announcementLimit, deliver, type AnnouncedSource } from './deliver.js'
import { fitting } from './form.js'
import { decoded, readRequest } from './read-delivery.js'
import { SnsMessage } from './sns.js'
import type { SnsVerifier } from './sns-signature.js'

/** A request with announcements, as it came. */
export interface Delivery {
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** What a request announced, and how many objects of sources here that made to be looked at. */
export interface Received {
  readonly announced: number
  readonly looked: number
}

export interface Receiver {
  /** Whether any source is announced by requests. */
  isOpen(): Promise<boolean>
  /**
   * Takes a request by whoever knows the secret of a source, or is SNS; only sources that trust the sender are told.
   * Resolves when everything is recorded.
   * @throws RefitError `announcement-unauthenticated`, `announcement-refused`, `announcement-invalid`, `announcements-busy`,
   * `sns-away`, and what recording meets
   */
  receive(delivery: Delivery): Promise<Received>
}

export interface ReceiverOptions {
  /** All that are watched. */
  readonly sources: () => Promise<readonly AnnouncedSource[]>
  readonly sns: SnsVerifier
  readonly log: { info(message: string): void; warn(message: string): void }
}

const MOST_UNDER_WAY = 10_000
/** Shorter ones could be guessed, so they are not believed. */
const SHORTEST_SECRET = 16

export function announcementReceiver({ sources, sns, log }: ReceiverOptions): Receiver {
  const limited = announcementLimit(MOST_UNDER_WAY)
  const tell = async (delivery: Delivery, trusting: readonly AnnouncedSource[]): Promise<Received> => {
    const announcements = readRequest(delivery.headers, delivery.body)
    return limited(announcements.length, async () => ({ announced: announcements.length, looked: await deliver(announcements, trusting) }))
  }

  /** A message of SNS without a secret, or one that asks for more than to be read, is believed for its signature. */
  const receiveSigned = async (delivery: Delivery, all: readonly AnnouncedSource[]): Promise<Received> => {
    const message = fitting(SnsMessage, decoded(decodeUtf8(delivery.body, 'body'), 'body'), 'body')
    const trusting = all.filter(({ announced }) => announced.topics.includes(message.TopicArn))
    if (trusting.length === 0) throw refitError('announcement-refused', { reason: 'no source lists its topic' })
    await sns.verify(message)
    switch (message.Type) {
      case 'Notification':
        return tell(delivery, trusting)
      case 'SubscriptionConfirmation':
        await sns.confirm(message)
        log.info(`the subscription to ${message.TopicArn} is confirmed`)
        return { announced: 0, looked: 0 }
      case 'UnsubscribeConfirmation':
        log.warn(`the subscription to ${message.TopicArn} has been ended; only listings find what arrives now`)
        return { announced: 0, looked: 0 }
    }
  }

  return {
    isOpen: async () => (await sources()).some(({ announced }) => announced.secret !== undefined || announced.topics.length > 0),
    receive: async (delivery) => {
      const all = await sources()
      const shown = shownSecrets(delivery.headers)
      const trusting = all.filter(({ announced }) => isShown(announced.secret, shown))
      const snsType = delivery.headers['x-amz-sns-message-type']
      if (snsType !== undefined && (trusting.length === 0 || snsType !== 'Notification')) return receiveSigned(delivery, all)
      if (trusting.length === 0) throw refitError('announcement-unauthenticated', {})
      return tell(delivery, trusting)
    },
  }
}

/** Whatever a request shows that may be a secret, in each way that a sender can be set up to. */
function shownSecrets({ authorization = '', 'x-refit-secret': header }: IncomingHttpHeaders): readonly string[] {
  const [, scheme = '', rest = ''] = /^(\S+) +(\S.*)$/.exec(authorization) ?? []
  const password = scheme.toLowerCase() === 'basic' ? Buffer.from(rest, 'base64').toString('utf8').replace(/^[^:]*:/, '') : undefined
  return [authorization, rest, password, ...[header].flat()].filter((text) => text !== undefined).filter((text) => text !== '')
}

/** Compares digests of all, so that the time it takes tells nothing. */
function isShown(reference: string | undefined, shown: readonly string[]): boolean {
  const secret = reference === undefined ? undefined : revealSecrets(reference)
  if (secret === undefined || secret.length < SHORTEST_SECRET) return false
  const sought = digest(secret)
  return shown.filter((each) => timingSafeEqual(digest(each), sought)).length > 0
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
