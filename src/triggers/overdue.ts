import { sql } from 'kysely'
import type { Clock } from '../clock.js'
import type { Database } from '../database/schema.js'
import { lockModel, type RegisteredModel } from '../registry/models.js'
import { appendEvent } from '../runs/event.js'

/**
 * Notes for each model that expects drops when none has come for too long: once, until one comes. Before the first drop
 * it counts from when the model was defined as it is.
 */
export async function noteOverdueDrops(database: Database, clock: Clock, models: readonly RegisteredModel[]): Promise<void> {
  for (const { name, definition } of models) {
    const { dropsOverdueMilliseconds: limit } = definition
    if (limit === undefined) continue
    const { since } = await lastArrival(database, name)
    if (clock.now().getTime() - since.getTime() < limit) continue
    await noteOverdue(database, clock, name, limit)
  }
}

async function noteOverdue(database: Database, clock: Clock, model: string, limit: number): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    // Two that look at the same time must not both tell; and none records a drop meanwhile.
    await lockModel(transaction, model)
    const at = clock.now()
    const { since, dropsBefore } = await lastArrival(transaction, model)
    const milliseconds = at.getTime() - since.getTime()
    if (milliseconds < limit) return
    const told = await transaction
      .selectFrom('events')
      .select('id')
      .where('model', '=', model)
      // In the words of the index, which is looked through only where a statement says the same.
      .where(sql<boolean>`kind = 'drop.overdue'`)
      .where(sql<boolean>`data ->> 'since' = ${since.toISOString()}`)
      // What was told at a time that lies ahead came from a wrong clock.
      .where('at', '<=', at)
      .limit(1)
      .executeTakeFirst()
    if (told !== undefined) return
    await appendEvent(transaction, { at, actor: 'refit', kind: 'drop.overdue', model, data: { since, dropsBefore, milliseconds } })
  })
}

async function lastArrival(database: Database, model: string): Promise<{ readonly since: Date; readonly dropsBefore: boolean }> {
  const last = await database.selectFrom('drops').select('recorded_at').where('model', '=', model).orderBy('recorded_at', 'desc').limit(1).executeTakeFirst()
  if (last !== undefined) return { since: last.recorded_at, dropsBefore: true }
  const { updated_at } = await database.selectFrom('models').select('updated_at').where('name', '=', model).executeTakeFirstOrThrow()
  return { since: updated_at, dropsBefore: false }
}
