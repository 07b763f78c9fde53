import { sql, type Selectable } from 'kysely'
import { Value } from 'typebox/value'
import type { Clock } from '../clock.js'
import type { ChampionCause, Database, Schema, Transaction } from '../database/schema.js'
import { StoredDeployment } from '../define/stored-deployment.js'
import { refitError } from '../errors.js'
import { appendEvent } from '../runs/event.js'
import { CHAMPIONS_CHANNEL } from './champions-channel.js'
import { getModel, lockModel } from './models.js'
import { abortRollout, OPEN_STATES, presentStep } from './rollout.js'
import { getVersion, type Version } from './version.js'
import { firstUntainted, withdrawnAmong } from './withdrawn-data.js'

/** The version that serves. `generation` grows with every move; serving follows the highest it sees. */
export interface Champion {
  readonly model: string
  readonly version: number
  readonly generation: number
  readonly since: Date
}

/** A move of the champion pointer. */
export interface ChampionMove {
  readonly generation: number
  readonly version: number
  readonly previous: number | undefined
  readonly cause: ChampionCause
  readonly actor: string
  readonly reason: string | undefined
  readonly run: string | undefined
  readonly at: Date
}

/** What is to serve of a model: the champion's package, and that of the version that is rolled out beside it. */
export interface ServedPackages {
  readonly model: string
  readonly version: number
  readonly generation: number
  readonly digest: string
  /** The step by its index; without a share its requests are mirrored. */
  readonly challenger?: { readonly rollout: string; readonly version: number; readonly digest: string; readonly step: number; readonly share?: number }
}

/** The champion of every living model of the project, and what is rolled out: what is to serve. */
export async function championPackages(database: Database): Promise<readonly ServedPackages[]> {
  const rows = await database
    .selectFrom('champions')
    .innerJoin('versions', (join) => join.onRef('versions.model', '=', 'champions.model').onRef('versions.number', '=', 'champions.version'))
    .innerJoin('models', 'models.name', 'champions.model')
    .leftJoin('rollouts', (join) => join.onRef('rollouts.model', '=', 'champions.model').on('rollouts.state', 'in', OPEN_STATES))
    .leftJoin('versions as rolled', (join) => join.onRef('rolled.model', '=', 'rollouts.model').onRef('rolled.number', '=', 'rollouts.version'))
    .select(['champions.model', 'champions.version', 'champions.generation', 'versions.digest', 'rollouts.id as rollout', 'rollouts.step', 'rollouts.deployment', 'rollouts.version as challenger', 'rolled.digest as challenger_digest'])
    .where('models.present', '=', true)
    .where('models.retired_at', 'is', null)
    .orderBy('champions.model')
    .execute()
  return rows.map(({ model, version, generation, digest, rollout, step, deployment, challenger, challenger_digest: challengerDigest }) => {
    const served = { model, version, generation: Number(generation), digest }
    if (rollout === null || step === null || challenger === null || challengerDigest === null) return served
    const present = presentStep({ deployment: Value.Parse(StoredDeployment, deployment), step })
    return { ...served, challenger: { rollout, version: challenger, digest: challengerDigest, step, ...(present.kind === 'shadow' ? {} : { share: present.share }) } }
  })
}

export async function getChampion(database: Database, model: string): Promise<Champion | undefined> {
  const row = await database.selectFrom('champions').selectAll().where('model', '=', model).executeTakeFirst()
  return row === undefined ? undefined : { model: row.model, version: row.version, generation: Number(row.generation), since: row.since }
}

/** Moves of the champion pointer, the newest first. */
export async function championMoves(database: Database, model: string, limit = 50): Promise<readonly ChampionMove[]> {
  const rows = await database.selectFrom('champion_moves').selectAll().where('model', '=', model).orderBy('generation', 'desc').limit(limit).execute()
  return rows.map(moveFromRow)
}

/** The move that began a generation; undefined where there is none. */
export async function championMoveOf(database: Database, model: string, generation: number): Promise<ChampionMove | undefined> {
  const row = await database.selectFrom('champion_moves').selectAll().where('model', '=', model).where('generation', '=', String(generation)).executeTakeFirst()
  return row === undefined ? undefined : moveFromRow(row)
}

/** Decodes a row of `champion_moves`. */
export function moveFromRow(row: Selectable<Schema['champion_moves']>): ChampionMove {
  return {
    generation: Number(row.generation),
    version: row.version,
    previous: row.previous ?? undefined,
    cause: row.cause,
    actor: row.actor,
    reason: row.reason ?? undefined,
    run: row.run ?? undefined,
    at: row.at,
  }
}

/** How each of some versions came into service last, by its number. */
export async function latestMoves(database: Database, model: string, versions: readonly number[]): Promise<ReadonlyMap<number, ChampionMove>> {
  if (versions.length === 0) return new Map()
  const rows = await database.selectFrom('champion_moves').selectAll().where('model', '=', model).where('version', 'in', versions).orderBy('generation').execute()
  return new Map(rows.map((row) => [row.version, moveFromRow(row)]))
}

/** The versions that have been champion besides the present one, as many as that, the latest first. */
export async function championsBefore(database: Database, model: string, most: number): Promise<readonly number[]> {
  const rows = await database
    .selectFrom('champion_moves')
    .select('version')
    .where('model', '=', model)
    .where('version', '!=', (from) => from.selectFrom('champions').select('version').where('model', '=', model))
    .groupBy('version')
    .orderBy(({ fn }) => fn.max('generation'), 'desc')
    .limit(most)
    .execute()
  return rows.map(({ version }) => version)
}

export interface Move {
  readonly model: string
  readonly version: number
  readonly cause: ChampionCause
  readonly actor: string
  readonly reason?: string | undefined
  readonly run?: string | undefined
  /** The rollout that has ended with it. */
  readonly rollout?: string | undefined
}

/**
 * Moves the champion pointer and its generation, in the caller's transaction. Does nothing if the version serves already. A
 * rollout that is on is aborted: its champion is not the one any more that it was compared with.
 * @throws RefitError `model-retired`
 */
export async function moveChampion(transaction: Transaction, at: Date, move: Move): Promise<Champion> {
  // Two moves at the same time must not take the same generation.
  await lockModel(transaction, move.model)
  await getModel(transaction, move.model, 'in life')
  await abortRollout(transaction, at, move.model, { actor: move.actor, because: `Version ${move.version} was put into service at once (${move.cause}).` })
  const present = await getChampion(transaction, move.model)
  if (present?.version === move.version) return present
  const generation = (present?.generation ?? 0) + 1
  await transaction
    .insertInto('champions')
    .values({ model: move.model, version: move.version, generation, since: at })
    .onConflict((conflict) => conflict.column('model').doUpdateSet({ version: move.version, generation, since: at }))
    .execute()
  await transaction
    .insertInto('champion_moves')
    .values({
      model: move.model,
      generation,
      version: move.version,
      previous: present?.version ?? null,
      cause: move.cause,
      actor: move.actor,
      reason: move.reason ?? null,
      run: move.run ?? null,
      at,
    })
    .execute()
  await appendEvent(transaction, {
    at,
    actor: move.actor,
    kind: 'champion.moved',
    model: move.model,
    run: move.run,
    data: { version: move.version, previous: present?.version, generation, cause: move.cause, reason: move.reason, rollout: move.rollout },
  })
  await sql`select pg_notify(${CHAMPIONS_CHANNEL}, ${move.model})`.execute(transaction)
  return { model: move.model, version: move.version, generation, since: at }
}

/**
 * Goes back to the version that served before the present one, or to a named one that has served before. Versions that
 * were made from a drop which is withdrawn are passed over. While a version is rolled out, and none is named, it goes back
 * from that one: the rollout is aborted and the champion stays.
 * @throws RefitError `nothing-to-roll-back`, `version-tainted` for a named one
 */
export async function rollback(
  database: Database,
  clock: Clock,
  request: { readonly model: string; readonly to?: number | undefined; readonly actor: string; readonly reason?: string | undefined },
): Promise<Champion> {
  return database.transaction().execute(async (transaction) => {
    await lockModel(transaction, request.model)
    const present = await getChampion(transaction, request.model)
    const missing = { model: request.model, version: request.to === undefined ? 'earlier version' : `other version ${request.to} that has served` }
    if (present === undefined) throw refitError('nothing-to-roll-back', missing)
    if (request.to === undefined) {
      const because = `Rolled back by ${request.actor}${request.reason === undefined ? '' : `: ${request.reason.replace(/\.$/, '')}`}.`
      if ((await abortRollout(transaction, clock.now(), request.model, { actor: request.actor, because, cause: 'rollback' })) !== undefined) return present
    }
    const to = request.to ?? (await versionBefore(transaction, request.model))
    const served = await transaction.selectFrom('champion_moves').select('version').where('model', '=', request.model).where('version', '=', to ?? -1).executeTakeFirst()
    if (to === undefined || served === undefined || to === present.version) throw refitError('nothing-to-roll-back', missing)
    await requireUntainted(transaction, await getVersion(transaction, request.model, to))
    return moveChampion(transaction, clock.now(), { model: request.model, version: to, actor: request.actor, reason: request.reason, cause: 'rollback' })
  })
}

/**
 * The version below the present one, in the pile of those that have served: a move puts its version on top, a rollback
 * takes away what lies above the one it goes back to. So a second rollback goes a step further instead of returning to
 * what was just rolled back, also where an old version was promoted anew.
 */
async function versionBefore(database: Database, model: string): Promise<number | undefined> {
  const moves = await database.selectFrom('champion_moves').select(['version', 'cause']).where('model', '=', model).orderBy('generation').execute()
  const pile: number[] = []
  for (const { version, cause } of moves) {
    const back = cause === 'rollback' ? pile.lastIndexOf(version) : -1
    if (back === -1) pile.push(version)
    else pile.length = back + 1
  }
  const present = pile.at(-1)
  return firstUntainted(database, model, new Set(pile.toReversed().filter((version) => version !== present)))
}

/** @throws RefitError `version-tainted` */
export async function requireUntainted(database: Database, { model, number, lineage }: Version): Promise<void> {
  const drops = await withdrawnAmong(database, lineage.drops)
  if (drops.length > 0) throw refitError('version-tainted', { model, version: number, drops: drops.join(', ') })
}
