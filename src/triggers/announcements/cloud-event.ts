import type { IncomingHttpHeaders } from 'node:http'
import { Type } from 'typebox'
import { fitting, invalid, type Form } from './form.js'

const CloudEvent = Type.Object({
  specversion: Type.String({ pattern: '^1\\.' }),
  id: Type.String({ minLength: 1 }),
  source: Type.String({ minLength: 1 }),
  type: Type.String({ minLength: 1 }),
  data: Type.Optional(Type.Unknown()),
  data_base64: Type.Optional(Type.String()),
})

/** A CloudEvent 1.0 in structured mode; what it carries is read as what it is. One without data announces nothing. */
export const cloudEvent: Form = {
  recognises: (message) => 'specversion' in message,
  read: (message, { path }) => {
    const { id, source, type, data, data_base64: encoded } = fitting(CloudEvent, message, path)
    if (data !== undefined && encoded !== undefined) invalid(path, 'has both data and data_base64')
    const envelope = { kind: 'cloud-event', id, from: source, type } as const
    if (encoded !== undefined) return { wrapped: [{ content: decodeBase64(encoded, `${path}.data_base64`), envelope, path: `${path}.data_base64` }] }
    return data === undefined || data === null ? {} : { wrapped: [{ content: data, envelope, path: `${path}.data` }] }
  },
}

/** The CloudEvent of a request in binary mode: attributes are headers, the body is its data. Undefined for any other request. */
export function binaryCloudEvent(headers: IncomingHttpHeaders, body: Buffer): object | undefined {
  const attributes = ['specversion', 'id', 'source', 'type'].map((name): [string, unknown] => [name, headers[`ce-${name}`]])
  if (attributes.some(([, value]) => value === undefined)) return undefined
  const decoded = attributes.map(([name, value]): [string, string] => [name, decodeHeader(String(value), `header ce-${name}`)])
  return { ...Object.fromEntries(decoded), ...(body.length === 0 ? {} : { data_base64: body.toString('base64') }) }
}

/** A quoted value is unquoted first; then one round of percent-decoding gives UTF-8. */
function decodeHeader(value: string, path: string): string {
  const quoted = /^"(.*)"$/s.exec(value)?.[1]
  const unquoted = quoted === undefined ? value : quoted.replaceAll(/\\(.)/gs, '$1')
  // Node gives a header byte by byte.
  const bytes = unquoted.replaceAll(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
  return decodeUtf8(Buffer.from(bytes, 'latin1'), path)
}

function decodeBase64(encoded: string, path: string): string {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(encoded)) invalid(path, 'is no Base64')
  return decodeUtf8(Buffer.from(encoded, 'base64'), path)
}

/** @throws RefitError `announcement-invalid` for what is no UTF-8 */
export function decodeUtf8(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return invalid(path, 'is no UTF-8')
  }
}
