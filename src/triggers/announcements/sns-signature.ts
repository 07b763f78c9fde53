import { createPublicKey, createVerify, type KeyObject } from 'node:crypto'
import { refitError } from '../../errors.js'
import type { SnsMessage } from './sns.js'

/** How SNS is reached, for its certificates and to confirm a subscription. Only addresses of SNS are asked for. */
export interface SnsWeb {
  /** The text at an address; no redirect is followed. @throws Error */
  get(url: URL): Promise<string>
}

const HOST = /^sns\.[a-z0-9-]{3,}\.amazonaws\.com(\.cn)?$/
const CERTIFICATE_PATH = /^\/SimpleNotificationService-[\w-]+\.pem$/
const SIGNED = {
  Notification: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
  SubscriptionConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
  UnsubscribeConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
} as const
const ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ['1', 'RSA-SHA1'],
  ['2', 'RSA-SHA256'],
])
const MOST_CERTIFICATES = 20

/** Believes messages of SNS that it has signed. Its certificates are fetched once. */
export interface SnsVerifier {
  /** @throws RefitError `announcement-refused`, `sns-away` */
  verify(message: SnsMessage): Promise<void>
  /** Confirms the subscription that a verified message asks to confirm. @throws RefitError `announcement-refused`, `sns-away` */
  confirm(message: SnsMessage): Promise<void>
}

/** What is signed stands in the documentation of Amazon SNS, "Verifying the signatures of Amazon SNS messages". */
export function snsVerifier(web: SnsWeb): SnsVerifier {
  const keys = new Map<string, KeyObject>()

  const keyAt = async (url: URL): Promise<KeyObject> => {
    const known = keys.get(url.href)
    if (known !== undefined) return known
    const certificate = await ask(web, url)
    try {
      const key = createPublicKey(certificate)
      if (keys.size >= MOST_CERTIFICATES) keys.clear()
      keys.set(url.href, key)
      return key
    } catch (error) {
      throw refuse('what stands at its SigningCertURL is no certificate', error)
    }
  }

  return {
    verify: async (message) => {
      const algorithm = ALGORITHMS.get(message.SignatureVersion ?? '')
      if (algorithm === undefined) throw refuse(`its signature has the version ${message.SignatureVersion ?? 'none'}`)
      const url = addressOfSns(message.SigningCertURL, 'SigningCertURL')
      if (!CERTIFICATE_PATH.test(url.pathname) || url.search !== '') throw refuse('its SigningCertURL names no certificate of SNS')
      const key = await keyAt(url)
      const verifier = createVerify(algorithm).update(signedText(message))
      if (key.asymmetricKeyType !== 'rsa' || !verifier.verify(key, message.Signature ?? '', 'base64')) throw refuse('its signature is not of SNS')
    },
    confirm: async ({ SubscribeURL, TopicArn }) => {
      const url = addressOfSns(SubscribeURL, 'SubscribeURL')
      if (url.searchParams.get('Action') !== 'ConfirmSubscription' || url.searchParams.get('TopicArn') !== TopicArn) throw refuse('its SubscribeURL confirms something else')
      await ask(web, url)
    },
  }
}

function signedText(message: SnsMessage): string {
  return SIGNED[message.Type].flatMap((name) => (typeof message[name] === 'string' ? [`${name}\n${message[name]}\n`] : [])).join('')
}

/** An address that a message names is only asked for when it is one of SNS: anybody can write a message. */
function addressOfSns(text: string | undefined, name: string): URL {
  const url = text === undefined || !URL.canParse(text) ? undefined : new URL(text)
  const isOfSns = url !== undefined && url.protocol === 'https:' && HOST.test(url.hostname) && url.port === '' && url.username === '' && url.password === ''
  if (!isOfSns) throw refuse(`its ${name} is no address of SNS`)
  return url
}

async function ask(web: SnsWeb, url: URL): Promise<string> {
  try {
    return await web.get(url)
  } catch (error) {
    throw refitError('sns-away', { host: url.host, reason: error instanceof Error ? error.message : String(error) }, { cause: error })
  }
}

function refuse(reason: string, cause?: unknown): Error {
  return refitError('announcement-refused', { reason }, cause === undefined ? {} : { cause })
}
