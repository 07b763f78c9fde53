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

/** A foreign text, such as what a receiver answered, without the values of the secrets that plain data refers to. */
export function concealSecrets(text: string, options: unknown): string {
  const names = new Set([...JSON.stringify(options).matchAll(REFERENCE)].map(([, plain, encoded]) => plain ?? encoded ?? ''))
  let concealed = text
  for (const name of names) {
    const value = process.env[name] ?? ''
    for (const form of new Set([value, encodeURIComponent(value), ...partsOfAddress(value)])) {
      if (form.length >= SHORTEST_CONCEALED) concealed = concealed.replaceAll(form, `\${secret:${name}}`)
    }
  }
  return concealed
}

/** A shorter one would be found in words that have nothing to do with it. */
const SHORTEST_CONCEALED = 4

/** What is secret of an address is what follows its host, and its password. */
function partsOfAddress(value: string): readonly string[] {
  if (!URL.canParse(value)) return []
  const { pathname, search, password } = new URL(value)
  return [`${pathname}${search}`, pathname, search, password, decoded(password)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
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
