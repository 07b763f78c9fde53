import { sql } from 'kysely'
import type { Clock } from '../clock.js'
import type { Database } from '../database/schema.js'
import { appendEvent } from '../runs/event.js'

/** Tells how a source does: once when it fails, and once when it is well again, also over restarts. */
export interface SourceHealth {
  /** Why it could not be read when it was last looked at; undefined if it could. */
  failure(): string | undefined
  failed(message: string): Promise<void>
  well(): Promise<void>
  waiting(key: string, waitsFor: string): Promise<void>
  /** Of so many files that are not taken as they lie there, the first. */
  refused(key: string, why: string, count: number): Promise<void>
}

export function sourceHealth(database: Database, clock: Clock, model: string, source: string): SourceHealth {
  /** What was told last; undefined as long as that has not been looked up. */
  let told: 'failed' | 'well' | undefined
  let failure: string | undefined
  const tell = async (kind: 'source.failed' | 'source.recovered' | 'source.waiting' | 'source.refused', data: Readonly<Record<string, unknown>> = {}): Promise<void> => {
    await appendEvent(database, { at: clock.now(), actor: 'arrival', model, kind, data: { source, ...data } })
  }
  return {
    failure: () => failure,
    failed: async (message) => {
      failure = message
      told ??= await lastTold(database, model, source)
      if (told === 'well') await tell('source.failed', { message })
      told = 'failed'
    },
    well: async () => {
      failure = undefined
      told ??= await lastTold(database, model, source)
      if (told === 'failed') await tell('source.recovered')
      told = 'well'
    },
    waiting: (key, waitsFor) => tell('source.waiting', { key, waitsFor }),
    refused: (key, why, count) => tell('source.refused', { key, message: why, count }),
  }
}

async function lastTold(database: Database, model: string, source: string): Promise<'failed' | 'well'> {
  const last = await database
    .selectFrom('events')
    .select('kind')
    .where('model', '=', model)
    // In the words of the index, which is looked through only where a statement says the same.
    .where(sql<boolean>`kind in ('source.failed', 'source.recovered')`)
    .where(sql<boolean>`data->>'source' = ${source}`)
    .orderBy('transaction', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return last?.kind === 'source.failed' ? 'failed' : 'well'
}
