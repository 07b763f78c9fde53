import { createHmac } from 'node:crypto'

/** The value of `Refit-Signature`: the time, and the HMAC-SHA256 over it and the body, in hex. The time keeps an old message from being sent again by somebody else. */
export function signatureOf(secret: string, at: Date, body: string): string {
  const seconds = Math.floor(at.getTime() / 1000)
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`
}
