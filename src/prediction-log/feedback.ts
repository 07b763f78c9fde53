import type { Database } from '../database/schema.js'
import type { LoggedRow } from './read-job.js'
import type { Truth } from './read-feedback.js'

const ROWS_A_STATEMENT = 1000

/**
 * Keeps the truth of rows, all of it or none: it is on the disk when this resolves. What comes again changes nothing; what
 * comes with another value takes the place of the former one.
 */
export async function keepFeedback(database: Database, { model, actor, at }: { readonly model: string; readonly actor: string; readonly at: Date }, truths: readonly Truth[]): Promise<void> {
  // Of one row one value: the last. In one order, so that two who send the same wait for each other at most once.
  const distinct = new Map(truths.map((truth) => [`${truth.kind} ${truth.row} ${truth.subject}`, truth]))
  const rows = [...distinct].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, { kind, subject, row, truth }]) => ({ model, kind, subject, row, truth, actor, received_at: at }))
  await database.transaction().execute(async (transaction) => {
    for (let start = 0; start < rows.length; start += ROWS_A_STATEMENT) {
      await transaction
        .insertInto('prediction_feedback')
        .values(rows.slice(start, start + ROWS_A_STATEMENT))
        .onConflict((conflict) =>
          conflict
            .columns(['model', 'kind', 'subject', 'row'])
            .doUpdateSet(({ ref }) => ({ truth: ref('excluded.truth'), actor: ref('excluded.actor'), received_at: ref('excluded.received_at') }))
            .whereRef('prediction_feedback.truth', '<>', 'excluded.truth'),
        )
        .execute()
    }
  })
}

/** The truth of each of some rows, in their order: of the row itself, or else of its key. */
export async function truthsOf(database: Database, model: string, rows: readonly Pick<LoggedRow, 'prediction' | 'row' | 'key'>[]): Promise<readonly (string | undefined)[]> {
  const byPrediction = await found(database, model, 'prediction', rows.map(({ prediction }) => prediction))
  const byKey = await found(database, model, 'key', rows.flatMap(({ key }) => (key === undefined ? [] : [key])))
  return rows.map(({ prediction, row, key }) => byPrediction.get(`${row} ${prediction}`) ?? (key === undefined ? undefined : byKey.get(`0 ${key}`)))
}

async function found(database: Database, model: string, kind: Truth['kind'], subjects: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (subjects.length === 0) return new Map()
  const rows = await database
    .selectFrom('prediction_feedback')
    .select(['subject', 'row', 'truth'])
    .where('model', '=', model)
    .where('kind', '=', kind)
    .where('subject', 'in', [...new Set(subjects)])
    .execute()
  return new Map(rows.map(({ subject, row, truth }) => [`${row} ${subject}`, truth]))
}

/** Forgets what came before an instant and has not changed since. */
export async function removeFeedback(database: Database, model: string, until: Date): Promise<void> {
  await database.deleteFrom('prediction_feedback').where('model', '=', model).where('received_at', '<', until).execute()
}
