import type { Database } from '../database/schema.js'
import { digestOf } from '../define/canonical-json.js'
import { getChampion } from '../registry/champion.js'

/** Everything that could make a new verdict differ from the last one. */
export interface FingerprintParts {
  readonly snapshot: string
  /** Of what may decide in a definition: another schedule gives the same verdict. */
  readonly definitionHash: string
  readonly codeHash: string
  readonly lockFileHash: string | undefined
  /** SHA-256 of the bundle that prepares rows: it may come from outside the project. */
  readonly prepare: string | undefined
  /** The same of the modules of the user's own rules, by path. */
  readonly rules: Readonly<Record<string, string>> | undefined
  /** The same of the metrics of the user's own. */
  readonly metrics: Readonly<Record<string, string>> | undefined
  readonly environment: unknown
  readonly seed: number
}

/** The fingerprint of a run against a champion. */
export function fingerprintOf(parts: FingerprintParts, champion: number | undefined): string {
  return digestOf({ ...parts, champion: champion ?? null })
}

/**
 * The run that has given the same verdict already, if the last one to train and reach a verdict did. A champion that this very
 * run made counts as the one it was compared with: training again would only compare it with itself.
 */
export async function sameAsLastVerdict(database: Database, model: string, parts: FingerprintParts): Promise<string | undefined> {
  const last = await database
    .selectFrom('runs')
    .select(['id', 'fingerprint', 'version'])
    .where('model', '=', model)
    .where('state', '=', 'ended')
    .where('verdict', 'is not', null)
    // Their candidates were judged, and then something broke or somebody stepped in: nothing has come of it yet.
    .where('outcome', 'not in', ['failed', 'cancelled'])
    // An offered candidate says nothing about what training would give.
    .where('offer', 'is', null)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (last === undefined || last.fingerprint === null) return undefined
  const champion = await getChampion(database, model)
  if (last.fingerprint === fingerprintOf(parts, champion?.version)) return last.id
  if (champion === undefined || champion.version !== last.version) return undefined
  const move = await database
    .selectFrom('champion_moves')
    .select('previous')
    .where('model', '=', model)
    .where('run', '=', last.id)
    .executeTakeFirst()
  return move !== undefined && last.fingerprint === fingerprintOf(parts, move.previous ?? undefined) ? last.id : undefined
}
