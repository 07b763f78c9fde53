import type { IncomingHttpHeaders } from 'node:http'
import { refitError } from '../../errors.js'
import type { Announcement } from './announcement.js'
import { binaryCloudEvent, cloudEvent, decodeUtf8 } from './cloud-event.js'
import { eventBridge } from './event-bridge.js'
import { invalid, type Form, type Place } from './form.js'
import { plain } from './plain.js'
import { s3Notification, s3Record } from './s3-notification.js'
import { sns } from './sns.js'
import { sqs } from './sqs.js'

/** The forms that are understood; a new one is a line here. */
const forms: readonly Form[] = [cloudEvent, eventBridge, sns, s3Notification, sqs, s3Record, plain]

/** A queue that a topic fills, read by a function that forwards what it gets: deeper nothing useful nests. */
const MOST_ENVELOPES = 3
const MOST_ANNOUNCEMENTS = 10_000
/** Of a message's text; a queue or a topic takes half of it. */
const MOST_CHARACTERS = 2 * 1024 * 1024

/**
 * What a request announces, whatever form it has: tells by its content, unwraps what is wrapped.
 * @throws RefitError `announcement-invalid`
 */
export function readRequest(headers: IncomingHttpHeaders, body: Buffer): readonly Announcement[] {
  const start: Place = { path: 'body', envelopes: [] }
  const structured = headers['content-type']?.startsWith('application/cloudevents') === true
  const event = structured ? undefined : binaryCloudEvent(headers, body)
  return event === undefined ? readMessage(decodeUtf8(body, 'body')) : found(event, { ...start, path: 'event' })
}

/** What the text of a message announces, as it lies in a queue. @throws RefitError `announcement-invalid` */
export function readMessage(text: string): readonly Announcement[] {
  return found(decoded(text, 'body'), { path: 'body', envelopes: [] })
}

/** Decodes the JSON of a delivery. @throws RefitError `announcement-invalid` */
export function decoded(text: string, path: string): unknown {
  if (text.length > MOST_CHARACTERS) invalid(path, `is longer than ${MOST_CHARACTERS} characters`)
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch (error) {
    return invalid(path, `is no JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function found(message: unknown, place: Place): readonly Announcement[] {
  if (place.envelopes.length > MOST_ENVELOPES) invalid(place.path, `lies in more than ${MOST_ENVELOPES} envelopes`)
  const announcements = Array.isArray(message)
    ? message.flatMap((each: unknown, index) => holdingsOf(each, { ...place, path: `${place.path}[${index}]` }))
    : holdingsOf(message, place)
  if (announcements.length > MOST_ANNOUNCEMENTS) throw refitError('announcement-invalid', { reason: `it holds more than ${MOST_ANNOUNCEMENTS} announcements` })
  return announcements
}

function holdingsOf(message: unknown, place: Place): readonly Announcement[] {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) invalid(place.path, 'is no object')
  const form = forms.find((each) => each.recognises(message))
  if (form === undefined) invalid(place.path, 'is of no form that is known here')
  const { announcements = [], wrapped = [] } = form.read(message, place)
  const inner = wrapped.flatMap(({ content, envelope, path }) =>
    found(typeof content === 'string' ? decoded(content, path) : content, { path, envelopes: [...place.envelopes, envelope] }),
  )
  return [...announcements, ...inner]
}
