import { isIP, isIPv4 } from 'node:net'
import { refitError } from '../errors.js'

/** Who may be meant by a request's Host header, and whose pages may send one. */
export interface Guard {
  /** The address that the server is bound to. */
  readonly bind: string
  /** Further names of this server, without port. */
  readonly hosts: readonly string[]
  /** Origins of pages besides our own, e.g. `https://shop.example.com`. */
  readonly origins: readonly string[]
}

/**
 * Refuses requests that a web page made a browser send here: by a name of its own that it has pointed at this address
 * (DNS rebinding; the Host header tells), or from another origin. Programs send no Origin.
 * @throws RefitError `host-not-allowed`, `origin-not-allowed`
 */
export function checkHostAndOrigin(guard: Guard, headers: { readonly host?: string | undefined; readonly origin?: string | undefined }): void {
  const host = headers.host ?? ''
  if (!isKnownHost(guard, nameOf(host))) throw refitError('host-not-allowed', { host: host.slice(0, 100) })
  const { origin } = headers
  if (origin === undefined || guard.origins.includes(origin)) return
  // Our own pages: same host and port as the request itself went to.
  if (origin !== `http://${host}` && origin !== `https://${host}`) throw refitError('origin-not-allowed', { origin: origin.slice(0, 100) })
}

/** Whether only this machine reaches the address. */
export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || (isIPv4(address) && address.startsWith('127.'))
}

function isKnownHost(guard: Guard, name: string): boolean {
  if (name === '') return false
  if (isLoopback(name) || name === guard.bind.toLowerCase() || guard.hosts.some((host) => host.toLowerCase() === name)) return true
  // A page cannot own a bare address, so it cannot rebind one.
  return isIP(name) !== 0 && !isLoopback(guard.bind)
}

/** The name in a Host header, without its port and the brackets of IPv6. */
function nameOf(host: string): string {
  const match = /^(?:\[([\da-f:.]+)\]|([^:[\]/@\s]+))(?::\d{1,5})?$/i.exec(host)
  return (match?.[1] ?? match?.[2] ?? '').toLowerCase().replace(/\.$/, '')
}
