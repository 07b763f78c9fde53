import { Readable } from 'node:stream'
import { Client } from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { digestOf } from '../../define/canonical-json.js'
import { millisecondsOf } from '../../define/duration-text.js'
import { revealSecrets } from '../../define/secret.js'
import { RefitError, refitError } from '../../errors.js'
import type { ListedObject, Source } from '../source.js'
import { keyOfWatermark } from '../watermark-key.js'
import { options } from './definition.js'
import { describingStatement, statementsFor, type Statements } from './statements.js'

/** What is kept as watermark: the greatest one read, and with an overlap a digest of the rows that will be read again. */
const Watermark = Type.Object({ after: Type.String(), seen: Type.Optional(Type.String()) })

const CONNECT_TIMEOUT_MS = 10_000
const LONGEST_STATEMENT_MS = 60 * 60_000
const LONGEST_LOCK_MS = 60_000

/** The rows of a query beyond the watermark of the newest drop, as CSV. */
export function querySource(given: Readonly<Record<string, unknown>>): Source {
  const { database, query, watermark, overlap = 0, every } = Value.Parse(options, given)
  const asked = { query, watermark, overlap: typeof overlap === 'string' ? { milliseconds: millisecondsOf(overlap) } : overlap }
  // Neither server nor query: a query with one more column goes on where the former stood.
  const name = `query:${watermark}`
  /** What the last listing announced, and how it is copied. */
  let announced: { readonly version: string; readonly some: string; readonly copy: string } | undefined
  const ended = new AbortController()

  const unreadable = (error: unknown): never => {
    if (error instanceof RefitError) throw error
    throw refitError('source-unreadable', { source: name, reason: error instanceof Error ? error.message : String(error) }, { cause: error })
  }

  /** A connection within a read-only transaction that sees one state of the data, ended with `signal`. */
  const begin = async (signal: AbortSignal): Promise<Client> => {
    const client = new Client({ ...connectionTo(revealSecrets(database)), application_name: 'refit-source', keepAlive: true, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
    // What breaks it is told by the statement under way.
    client.on('error', () => undefined)
    const end = (): void => void client.end().catch(() => undefined)
    signal.addEventListener('abort', end, { once: true })
    client.once('end', () => signal.removeEventListener('abort', end))
    await client.connect()
    await client.query('begin transaction isolation level repeatable read, read only')
    await client.query(`set local statement_timeout = ${LONGEST_STATEMENT_MS}; set local lock_timeout = ${LONGEST_LOCK_MS}; set local datestyle = 'ISO'`)
    return client
  }

  const statementsOn = async (client: Client): Promise<Statements> => {
    const { rows } = await client.query<{ zone: string }>("select current_setting('TimeZone') as zone")
    await client.query("set local timezone = 'UTC'")
    const { fields } = await client.query(describingStatement(query))
    const field = fields.find((each) => each.name === watermark)
    if (field === undefined) throw new Error(`the query gives no column ${watermark}; it gives ${fields.map((each) => each.name).join(', ')}`)
    return statementsFor(asked, field.dataTypeID, rows[0]?.zone ?? 'UTC')
  }

  /** The rows that have come since a watermark; none when nothing is new. */
  const look = async (client: Client, former: string | undefined): Promise<readonly ListedObject[]> => {
    const before = former === undefined ? undefined : Value.Parse(Watermark, JSON.parse(former))
    const statements = await statementsOn(client)
    const [newest] = (await client.query<{ upper: string | null; beyond: boolean | null }>(statements.newest(before?.after))).rows
    // With an overlap alone there may be rows, though none is beyond.
    if (newest === undefined || newest.upper === null) return []
    const after = newest.beyond === false && before !== undefined ? before.after : newest.upper
    const seen = overlap === 0 ? undefined : (await client.query<{ seen: string }>(statements.seen(after))).rows[0]?.seen
    if (before?.after === after && before.seen === seen) return []
    const next = JSON.stringify({ after, ...(seen === undefined ? {} : { seen }) })
    const version = digestOf(next)
    announced = { version, some: statements.some(before?.after, after), copy: statements.copy(before?.after, after) }
    return [{ key: `${keyOfWatermark(after, seen)}.csv`, version, bytes: 0, watermark: next }]
  }

  return {
    name,
    appearsWhole: true,
    every: millisecondsOf(every),
    list: async ({ signal, watermark: former }) => {
      signal.throwIfAborted()
      let client: Client | undefined
      try {
        client = await begin(AbortSignal.any([signal, ended.signal]))
        return await look(client, former)
      } catch (error) {
        signal.throwIfAborted()
        return unreadable(error)
      } finally {
        await client?.end().catch(() => undefined)
      }
    },
    open: async ({ key, version }) => {
      const copying = announced
      if (copying?.version !== version) throw refitError('source-object-gone', { key })
      const client = await begin(ended.signal).catch(unreadable)
      try {
        await client.query("set local timezone = 'UTC'")
        // They may all have been written again since, and lie beyond now.
        if ((await client.query<{ some: boolean }>(copying.some)).rows[0]?.some !== true) throw refitError('source-object-gone', { key })
        return Readable.from(copied(client, copying.copy, unreadable), { objectMode: false })
      } catch (error) {
        await client.end().catch(() => undefined)
        return unreadable(error)
      }
    },
    // Nothing tells that there are new rows; what is being read when it is stopped breaks off.
    watch: () =>
      Promise.resolve(() => {
        ended.abort()
        return Promise.resolve()
      }),
  }
}

/** What PostgreSQL copies. The connection is ended with it, also when nobody reads it to its end. */
async function* copied(client: Client, statement: string, unreadable: (error: unknown) => never): AsyncGenerator<Buffer> {
  try {
    yield* client.query(copyTo(statement))
    await client.query('commit')
  } catch (error) {
    unreadable(error)
  } finally {
    await client.end().catch(() => undefined)
  }
}

function connectionTo(database: string): { readonly connectionString: string } {
  if (!/^postgres(ql)?:\/\//.test(database)) throw new Error('`database` is no connection string of PostgreSQL: postgres://user:password@host/name')
  return { connectionString: database }
}
