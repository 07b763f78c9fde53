import type { Selectable } from 'kysely'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Clock } from '../clock.js'
import type { Database, Schema } from '../database/schema.js'
import { digestOf } from '../define/canonical-json.js'
import { StoredColumn } from '../define/stored-definition.js'
import { refitError } from '../errors.js'
import { getModel, lockModel } from '../registry/models.js'
import { getVersion } from '../registry/version.js'
import { appendEvent } from '../runs/event.js'
import { ClientShape, clientShape } from './client-shape.js'

/** Clients of one shape that somebody has written: later versions are held to it. */
export interface RecordedClient {
  readonly model: string
  /** Counts from 1 in each model, and is never given out again. */
  readonly number: number
  readonly shape: ClientShape
  /** From which they were written first, and last. */
  readonly version: number
  readonly lastVersion: number
  readonly actor: string
  readonly recordedAt: Date
  readonly lastAt: Date
}


function clientFromRow(row: Selectable<Schema['recorded_clients']>): RecordedClient {
  return {
    model: row.model,
    number: row.number,
    shape: Value.Parse(ClientShape, row.shape),
    version: row.version,
    lastVersion: row.last_version,
    actor: row.actor,
    recordedAt: row.recorded_at,
    lastAt: row.last_at,
  }
}

const Defined = Type.Object({ columns: Type.Record(Type.String(), StoredColumn) })

/** What clients of a version send and read. @throws RefitError `not-found` */
export async function shapeOfVersion(database: Database, model: string, number: number): Promise<ClientShape> {
  const version = await getVersion(database, model, number)
  const run = version.run === undefined ? undefined : await database.selectFrom('runs').select('definition').where('id', '=', version.run).executeTakeFirst()
  const columns = Value.Check(Defined, run?.definition) ? run.definition.columns : (await getModel(database, model)).definition.columns
  return clientShape(version.signature, columns)
}

/** Clients of a model that are recorded and not forgotten, the oldest first. */
export async function recordedClients(database: Database, model: string): Promise<readonly RecordedClient[]> {
  return (await database.selectFrom('recorded_clients').selectAll().where('model', '=', model).where('forgotten_at', 'is', null).orderBy('number').execute()).map(clientFromRow)
}

/** Notes that a client of a version has been written. Of one shape there is one record. @throws RefitError `not-found`, `model-retired` */
export async function recordClient(database: Database, clock: Clock, { model, version, actor }: { readonly model: string; readonly version: number; readonly actor: string }): Promise<RecordedClient> {
  await getModel(database, model, 'in life')
  const shape = await shapeOfVersion(database, model, version)
  const digest = digestOf(shape)
  return database.transaction().execute(async (transaction) => {
    await lockModel(transaction, model)
    const at = clock.now()
    const known = await transaction.updateTable('recorded_clients').set({ last_version: version, last_at: at }).where('model', '=', model).where('digest', '=', digest).where('forgotten_at', 'is', null).returningAll().executeTakeFirst()
    if (known !== undefined) return clientFromRow(known)
    const last = await transaction.selectFrom('recorded_clients').select('number').where('model', '=', model).orderBy('number', 'desc').limit(1).executeTakeFirst()
    const number = (last?.number ?? 0) + 1
    const row = await transaction
      .insertInto('recorded_clients')
      .values({ model, number, digest, shape: JSON.stringify(shape), version, last_version: version, actor, recorded_at: at, last_at: at })
      .returningAll()
      .executeTakeFirstOrThrow()
    await appendEvent(transaction, { at, actor, kind: 'client.recorded', model, data: { client: number, version } })
    return clientFromRow(row)
  })
}

/** Holds later versions to a client no longer. @throws RefitError `not-found` */
export async function forgetClient(database: Database, clock: Clock, { model, number, actor, reason }: { readonly model: string; readonly number: number; readonly actor: string; readonly reason: string | undefined }): Promise<RecordedClient> {
  await getModel(database, model)
  return database.transaction().execute(async (transaction) => {
    const at = clock.now()
    const row = await transaction.updateTable('recorded_clients').set({ forgotten_at: at }).where('model', '=', model).where('number', '=', number).where('forgotten_at', 'is', null).returningAll().executeTakeFirst()
    if (row === undefined) throw refitError('not-found', { what: `recorded client ${number} of model "${model}"` })
    await appendEvent(transaction, { at, actor, kind: 'client.forgotten', model, data: { client: number, version: row.version, ...(reason === undefined ? {} : { reason }) } })
    return clientFromRow(row)
  })
}
