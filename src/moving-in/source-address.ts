import { existsSync } from 'node:fs'
import { refitError } from '../errors.js'
import type { Server } from './exchange.js'
import { plain } from './plain.js'

/** Variables of a process, among them those by which MLflow's clients say who asks. */
type Environment = Readonly<Record<string, string | undefined>>

/**
 * The MLflow server at an address, and what tells it who asks: the variables of MLflow's own clients, or a name and a password
 * in the address, which then stand in nothing that is shown or kept.
 * @throws RefitError `import-source-invalid`, `import-source-stored`
 */
export function sourceAt(uri: string, environment: Environment): Server {
  const shown = plain(uri.replace(/\/\/[^/]*@/, '//…@'))
  const refuse = (reason: string): Error => refitError('import-source-invalid', { uri: shown, reason })
  if (isStore(uri)) throw refitError('import-source-stored', { uri: shown })
  if (!URL.canParse(uri)) throw refuse('it is not written as one')
  const url = new URL(uri)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refuse('a server is asked by http or https')
  if (url.search !== '' || url.hash !== '') throw refuse('it has a query or a fragment')
  const [name, password] = [url.username, url.password].map(decoded)
  url.username = ''
  url.password = ''
  const base = url.href.replace(/\/+$/, '')
  return { called: `The MLflow server at ${base}`, base, headers: authorization(environment, name ?? '', password ?? '') }
}

/** Whether it is where a server keeps what it has: a database, or a folder such as mlruns. */
function isStore(uri: string): boolean {
  const scheme = /^([a-z][\w+.-]*):/i.exec(uri)?.[1]?.toLowerCase()
  if (scheme !== undefined) return scheme === 'file' || /^(?:sqlite|postgres|postgresql|mysql|mssql)(?:\+\w+)?$/.test(scheme)
  return /^(?:\/|~|\.\.?(?:\/|$))|(?:^|\/)mlruns\/?$/.test(uri) || (uri !== '' && existsSync(uri))
}

function authorization({ MLFLOW_TRACKING_TOKEN: token = '', MLFLOW_TRACKING_USERNAME: user = '', MLFLOW_TRACKING_PASSWORD: secret = '' }: Environment, name: string, password: string): Readonly<Record<string, string>> {
  if (name !== '' || password !== '') return basic(name, password)
  // A name and a password come before a token, as MLflow's clients have it.
  if (user !== '' && secret !== '') return basic(user, secret)
  return token === '' ? {} : { Authorization: `Bearer ${token}` }
}

function basic(name: string, password: string): Readonly<Record<string, string>> {
  return { Authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
