import { Value } from 'typebox/value'
import { revealSecretsIn } from '../../define/secret.js'
import { lateness, type Message } from '../message.js'
import type { Delivery, Notifier } from '../notifier.js'
import { oneLine } from '../one-line.js'
import { options as schema } from './definition.js'

const LONGEST_MS = 60_000
const PATIENCE_MS = 15_000

/** Mail by SMTP. */
export function emailNotifier(options: Readonly<Record<string, unknown>>): Notifier {
  return {
    longest: LONGEST_MS,
    send: async (message, signal) => {
      const { smtp, from, to } = Value.Parse(schema, revealSecretsIn(options))
      if (!URL.canParse(smtp) || !['smtp:', 'smtps:'].includes(new URL(smtp).protocol)) return { kind: 'failed', reason: 'its address is not one of smtp or smtps' }
      // Only here: few projects send mail.
      const { createTransport } = await import('nodemailer')
      const patience = { connectionTimeout: PATIENCE_MS, greetingTimeout: PATIENCE_MS, dnsTimeout: PATIENCE_MS, socketTimeout: PATIENCE_MS }
      const transport = createTransport({ url: smtp, ...patience, disableFileAccess: true, disableUrlAccess: true })
      const domain = /@([\w.-]+)/.exec(from)?.[1] ?? 'refit'
      try {
        const sent = transport.sendMail({
          from,
          to,
          subject: `[refit] ${message.summary}`,
          text: mailText(message),
          messageId: `<${message.id}@${domain}>`,
          date: new Date(message.at),
          headers: { 'Auto-Submitted': 'auto-generated' },
        })
        const { accepted, rejected } = await withinTime(sent, signal)
        return { kind: 'taken', detail: `accepted for ${addresses(accepted)}${rejected.length === 0 ? '' : `, refused for ${addresses(rejected)}`}` }
      } catch (error) {
        return failureOf(error)
      } finally {
        transport.close()
      }
    },
  }
}

function mailText(message: Message): string {
  const { text, next, model, run, drop, version, kind, at, project, url } = message
  const facts = Object.entries({ project, model, run, version, drop, kind, at, url }).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]))
  return [lateness(message), text, next, facts.join('\n')].filter((part) => part !== '').join('\n\n').concat('\n')
}

/** A server that keeps talking must not hold a try for ever, nor a stop. */
async function withinTime<T>(sent: Promise<T>, signal: AbortSignal): Promise<T> {
  const over = AbortSignal.any([signal, AbortSignal.timeout(LONGEST_MS)])
  let end: () => void = () => undefined
  const broken = new Promise<never>((_resolve, reject) => {
    end = () => reject(new Error(`it has not taken the mail within ${LONGEST_MS / 1000} seconds`))
    over.addEventListener('abort', end, { once: true })
    if (over.aborted) end()
  })
  try {
    return await Promise.race([sent, broken])
  } finally {
    over.removeEventListener('abort', end)
    sent.catch(() => undefined)
  }
}

/** Replies that ask for a login, or refuse it: that can be mended. */
const ABOUT_LOGIN = [530, 534, 535, 538]

/** A reply of 5xx to the mail itself is for good. */
function failureOf(error: unknown): Delivery {
  if (!(error instanceof Error)) return { kind: 'failed', reason: String(error) }
  const reason = oneLine(error.message)
  const status = 'responseCode' in error && typeof error.responseCode === 'number' ? error.responseCode : 0
  const about = 'code' in error ? error.code : undefined
  return status >= 500 && !ABOUT_LOGIN.includes(status) && (about === 'EENVELOPE' || about === 'EMESSAGE') ? { kind: 'refused', reason } : { kind: 'failed', reason }
}

function addresses(list: readonly (string | { readonly address: string })[]): string {
  return list.map((entry) => (typeof entry === 'string' ? entry : entry.address)).join(', ')
}
