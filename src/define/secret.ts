import { refitError, type Fault } from '../errors.js'

/**
 * What `secret` puts in the place of a value: definitions, fingerprints, events and answers hold only this. In a text
 * that went through `encodeURIComponent` it is found too, and gives the value encoded.
 */
const REFERENCE = /\$\{secret:([\w.-]+)\}|%24%7Bsecret%3A([\w.-]+)%7D/g

/**
 * The value of an environment variable, for what must not stand in a file. It gives a reference, which may be part of a
 * longer text, and is replaced by the value only where that is used. A variable that is not set is a fault where the
 * chosen environment of the project refers to it.
 */
export function secret(name: string): string {
  if (!/^[\w.-]+$/.test(name)) throw new Error(`"${name}" is no name of an environment variable`)
  return `\${secret:${name}}`
}

/** A text with the values of the secrets that it refers to. @throws RefitError `secret-missing` */
export function revealSecrets(text: string): string {
  const missing = (name: string) => (): Error => refitError('secret-missing', { name })
  return text.replaceAll(REFERENCE, (_reference, plain: string | undefined, encoded: string | undefined) =>
    plain === undefined ? encodeURIComponent(valueOf(encoded ?? '', missing(encoded ?? ''))) : valueOf(plain, missing(plain)),
  )
}

/** Plain data with the values of the secrets that its texts refer to. @throws RefitError `secret-missing` */
export function revealSecretsIn(value: unknown): unknown {
  if (typeof value === 'string') return revealSecrets(value)
  if (Array.isArray(value)) return value.map(revealSecretsIn)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, revealSecretsIn(inner)]))
}

/** Variables that plain data refers to and that are not set, each at its place at and below `path`. */
export function unsetSecrets(value: unknown, path: string): readonly Fault[] {
  if (typeof value === 'string') {
    const names = new Set([...value.matchAll(REFERENCE)].map(([, plain, encoded]) => plain ?? encoded ?? ''))
    return [...names].filter((name) => (process.env[name] ?? '') === '').map((name) => ({ path, message: `the environment variable ${name} is not set` }))
  }
  if (Array.isArray(value)) return value.flatMap((item, index) => unsetSecrets(item, `${path}[${index}]`))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => unsetSecrets(inner, path === '' ? name : `${path}.${name}`))
}

/** The places, at and below `path`, of texts and names in plain data that refer to a secret. */
export function placesOfSecrets(value: unknown, path: string): readonly string[] {
  if (typeof value === 'string') return refersToSecret(value) ? [path] : []
  if (Array.isArray(value)) return value.flatMap((item, index) => placesOfSecrets(item, `${path}[${index}]`))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => (refersToSecret(name) ? [`${path}.${name}`] : placesOfSecrets(inner, `${path}.${name}`)))
}

function refersToSecret(text: string): boolean {
  return text.search(REFERENCE) !== -1
}

function valueOf(name: string, missing: (reason: string) => Error): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw missing(`the environment variable ${name} is not set`)
  return value
}
