import { Value } from 'typebox/value'
import type { Database } from '../database/schema.js'
import { RecordedEvent } from '../runs/event.js'
import { moveFromRow, type ChampionMove } from './champion.js'

/** What people and runs have decided about one version since it was made. */

/** Every move of the champion pointer to a version or away from it, in order. */
export async function movesOfVersion(database: Database, model: string, version: number): Promise<readonly ChampionMove[]> {
  const rows = await database
    .selectFrom('champion_moves')
    .selectAll()
    .where('model', '=', model)
    .where((where) => where.or([where('version', '=', version), where('previous', '=', version)]))
    .orderBy('generation')
    .execute()
  return rows.map(moveFromRow)
}

/** An answer to what a run left waiting, or what came before one. */
export interface GivenAnswer {
  readonly answer: 'approved' | 'declined' | 'superseded' | 'expired'
  readonly run: string
  readonly actor: string
  readonly reason: string | undefined
  /** It was said again, though another version had become champion since the check, or a drop of it had been withdrawn. */
  readonly anyway: boolean
  /** The version that came before an answer did. */
  readonly by: number | undefined
  readonly at: Date
}

const kinds: Readonly<Record<string, GivenAnswer['answer']>> = {
  'version.approved': 'approved',
  'version.declined': 'declined',
  'version.superseded': 'superseded',
  'version.expired': 'expired',
}

/** The answers that some runs have got, in order. */
export async function answersTo(database: Database, runs: readonly string[]): Promise<readonly GivenAnswer[]> {
  if (runs.length === 0) return []
  const rows = await database.selectFrom('events').select(['at', 'actor', 'kind', 'run', 'data']).where('run', 'in', runs).where('kind', 'in', Object.keys(kinds)).orderBy('id').execute()
  return rows.flatMap(({ at, actor, kind, run, data }) => {
    const answer = kinds[kind]
    if (answer === undefined || run === null) return []
    const { reason, anyway, by } = Value.Parse(RecordedEvent.properties.data, data)
    return [{ answer, run, actor, reason: typeof reason === 'string' ? reason : undefined, anyway: anyway === true, by: typeof by === 'number' ? by : undefined, at }]
  })
}
