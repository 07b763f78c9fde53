import type { Clock } from '../clock.js'
import type { Database } from '../database/schema.js'
import { canonicalJson } from '../define/canonical-json.js'
import type { StoredTrigger } from '../define/stored-definition.js'
import type { RegisteredModel } from '../registry/models.js'
import { appendEvent } from '../runs/event.js'
import { requestRunIn } from '../runs/requests.js'
import { decideFiring, handledBy, occurrences } from './occurrences.js'

type Schedule = Extract<StoredTrigger, { kind: 'schedule' }>

/** Requests the runs that the models' schedules ask for by now. Each occurrence is dealt with once, in one transaction. */
export async function fireSchedules(database: Database, clock: Clock, models: readonly RegisteredModel[]): Promise<void> {
  for (const model of models) {
    for (const trigger of model.definition.triggers) {
      if (trigger.kind === 'schedule') await fireSchedule(database, clock, model.name, trigger)
    }
  }
}

async function fireSchedule(database: Database, clock: Clock, model: string, schedule: Schedule): Promise<void> {
  const trigger = canonicalJson({ cron: schedule.cron, timeZone: schedule.timeZone })
  await database.transaction().execute(async (transaction) => {
    const now = clock.now()
    // A schedule counts from when it was first seen: no run for the time before it was written down.
    await transaction
      .insertInto('schedules')
      .values({ model, trigger, handled_until: now })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    const row = await transaction
      .selectFrom('schedules')
      .select('handled_until')
      .where('model', '=', model)
      .where('trigger', '=', trigger)
      .forUpdate()
      .executeTakeFirstOrThrow()
    const waiting = await transaction.selectFrom('runs').select('id').where('model', '=', model).where('state', '=', 'waiting').where('offer', 'is', null).executeTakeFirst()
    const handledUntil = handledBy(schedule.cron, schedule.timeZone, row.handled_until, now)
    const due = occurrences(schedule.cron, schedule.timeZone, handledUntil, now)
    const firing = decideFiring(due, schedule.catchUp, now, waiting !== undefined)
    if (firing === undefined && handledUntil === row.handled_until) return
    await transaction
      .updateTable('schedules')
      .set({ handled_until: firing?.handledUntil ?? handledUntil })
      .where('model', '=', model)
      .where('trigger', '=', trigger)
      .execute()
    if (firing === undefined) return
    if (firing.missed.length > 0) {
      await appendEvent(transaction, {
        at: now,
        actor: 'schedule',
        kind: 'schedule.missed',
        model,
        data: { cron: schedule.cron, catchUp: schedule.catchUp, count: firing.missed.length, first: firing.missed[0], last: firing.missed.at(-1) },
      })
    }
    if (firing.fire === undefined) return
    await appendEvent(transaction, { at: now, actor: 'schedule', kind: 'schedule.fired', model, data: { cron: schedule.cron, occurrence: firing.fire } })
    const detail = `${schedule.cron} ${schedule.timeZone}, due ${firing.fire.toISOString()}`
    await requestRunIn(transaction, clock, { model, cause: { trigger: 'schedule', actor: 'schedule', detail } })
  })
}
