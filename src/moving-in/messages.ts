import type { IncomingMessage } from 'node:http'
import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { refitError, type RefitError } from '../errors.js'
import { away, contentOf, exchange, Passing, patiently, type Answer, type Question, type Server } from './exchange.js'
import { plain } from './plain.js'

/** As large as MLflow's messages get: the profile of a dataset has up to 16 million characters, which JSON may escape. */
const MOST_BYTES = 64 * 1024 * 1024

type Values = Readonly<Record<string, string | number | boolean | undefined>>

/** A path with its query. */
export function withQuery(path: string, values: Values): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, String(value))
  return `${path}?${query.toString()}`
}

/** Asks for a message, and again where time may mend it. @throws RefitError `import-server-refused`, `import-server-away`, `import-answer-unexpected` */
export async function ask<S extends TSchema>(server: Server, question: Question, schema: S, signal: AbortSignal): Promise<Static<S>> {
  return read(server, question, schema, signal, (answer): never => {
    throw answer.failure
  })
}

/** As `ask`, for what may not be there: undefined. */
export async function askWhether<S extends TSchema>(server: Server, question: Question, schema: S, signal: AbortSignal): Promise<Static<S> | undefined> {
  return read(server, question, schema, signal, (answer): undefined => {
    if (answer.status === 404) return undefined
    throw answer.failure
  })
}

/** As `ask`, for what few servers know of: undefined for whatever else is answered. @throws RefitError `import-server-away`, and what time would have mended */
export async function askPerhaps<S extends TSchema>(server: Server, question: Question, schema: S, signal: AbortSignal): Promise<Static<S> | undefined> {
  return patiently(async () => {
    const answer = await exchange(server, question, signal)
    if (!answer.ok) return undefined
    const value = parsed(await textOf(server, question.what, answer.message, signal))
    return Value.Check(schema, value) ? value : undefined
  }, signal)
}

/** What was told is not taken, as it is: telling it again would not help, and the rest may be told all the same. */
export class NotTaken extends Error {
  override readonly name = 'NotTaken'

  constructor(readonly failure: RefitError) {
    super(failure.message)
  }
}

/** Sends a message as JSON. @throws NotTaken; RefitError as `ask` */
export async function tell<S extends TSchema>(server: Server, path: string, what: string, message: object, schema: S, signal: AbortSignal): Promise<Static<S>> {
  return read(server, { method: 'POST', path, what, body: JSON.stringify(message) }, schema, signal, (answer): never => {
    throw answer.status === 400 ? new NotTaken(answer.failure) : answer.failure
  })
}

/** That an answer is not in a form that is taken. */
export function unexpected(server: Server, what: string, reason: string): RefitError {
  return refitError('import-answer-unexpected', { server: server.called, what: plain(what), reason: plain(reason) })
}

async function read<S extends TSchema, R>(server: Server, question: Question, schema: S, signal: AbortSignal, refused: (answer: Extract<Answer, { ok: false }>) => R): Promise<Static<S> | R> {
  return patiently(async () => {
    const answer = await exchange(server, question, signal)
    if (answer.ok) return decode(server, question.what, schema, await textOf(server, question.what, answer.message, signal))
    // MLflow says so too of a database that is busy.
    if (answer.status === 500) throw new Passing(answer.failure)
    return refused(answer)
  }, signal)
}

async function textOf(server: Server, what: string, message: IncomingMessage, signal: AbortSignal): Promise<string> {
  const content = await contentOf(message, MOST_BYTES).catch((error: unknown) => {
    throw signal.aborted ? error : away(server, error)
  })
  if (content.length > MOST_BYTES) throw unexpected(server, what, `it has more than ${MOST_BYTES / 1024 ** 2} MB`)
  return content.toString('utf8')
}

function decode<S extends TSchema>(server: Server, what: string, schema: S, text: string): Static<S> {
  const value = parsed(text)
  if (Value.Check(schema, value)) return value
  const [first] = Value.Errors(schema, value)
  throw unexpected(server, what, value === undefined || first === undefined ? 'it is not JSON' : `${first.instancePath} ${first.message}`)
}

function parsed(text: string): unknown {
  try {
    // An empty answer says nothing, as an empty message does.
    return text.trim() === '' ? {} : JSON.parse(text)
  } catch {
    return undefined
  }
}
