import { sql, type Selectable } from 'kysely'
import { Value } from 'typebox/value'
import type { Clock } from '../clock.js'
import type { Database, Schema, Transaction } from '../database/schema.js'
import { digestOf } from '../define/canonical-json.js'
import { StoredModel, type StoredProject, type StoredRule } from '../define/stored-definition.js'
import { refitError } from '../errors.js'
import { appendEvent } from '../runs/event.js'
import { requestRunIn } from '../runs/requests.js'
import { refuseRetired, retirementFrom, type Retirement } from '../runs/retired.js'
import { differenceOf, startsRun } from './definitions.js'
import { abortRollout } from './rollout.js'

/** A model as the project defines it now. */
export interface RegisteredModel {
  readonly name: string
  readonly definition: StoredModel
  readonly definitionHash: string
  /** False when it has been taken out of the project file; its history is kept. */
  readonly present: boolean
  /** Undefined while it lives. */
  readonly retired: Retirement | undefined
}

/**
 * Brings the registered models in line with the project file. What has not changed is left alone; what has is told in
 * words, in which `ruleWords` says the rules of `check`, and starts a run where the model asks for that.
 */
export async function registerModels(database: Database, clock: Clock, project: StoredProject, actor: string, ruleWords: (rule: StoredRule) => string = JSON.stringify): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(hashtext('refit register models'))`.execute(transaction)
    const before = new Map((await transaction.selectFrom('models').select(['name', 'definition', 'present', 'retired_at']).execute()).map((row) => [row.name, row]))
    const at = clock.now()
    for (const definition of Object.values(project.models)) {
      const definition_hash = digestOf(definition)
      const known = before.get(definition.name)
      before.delete(definition.name)
      // The hash knows no order of the columns, but the trainer's files follow it.
      if (known?.present === true && JSON.stringify(known.definition) === JSON.stringify(definition)) continue
      await transaction
        .insertInto('models')
        .values({ name: definition.name, definition: JSON.stringify(definition), definition_hash, updated_at: at })
        .onConflict((conflict) =>
          conflict.column('name').doUpdateSet({ definition: JSON.stringify(definition), definition_hash, present: true, updated_at: at }),
        )
        .execute()
      const difference = known === undefined ? undefined : await differenceOf(transaction, Value.Parse(StoredModel, known.definition), definition, ruleWords)
      await appendEvent(transaction, { at, actor, kind: 'model.defined', model: definition.name, data: { definitionHash: definition_hash, changed: known !== undefined, ...difference } })
      if (difference === undefined || known?.retired_at !== null || !startsRun(definition, difference)) continue
      const detail = difference.changes.map(({ text }) => text).join('; ')
      await requestRunIn(transaction, clock, { model: definition.name, cause: { trigger: 'definition', actor, detail } })
    }
    for (const gone of before.values()) {
      if (!gone.present) continue
      await transaction.updateTable('models').set({ present: false, updated_at: at }).where('name', '=', gone.name).execute()
      await abortRollout(transaction, at, gone.name, { actor, because: `${gone.name} was taken out of the project.` })
      await appendEvent(transaction, { at, actor, kind: 'model.removed', model: gone.name, data: {} })
    }
  })
}

/**
 * Takes the lock that orders the requests, drops, versions and champions of one model, until the transaction ends.
 * Whoever also locks a run that is not active, or versions, takes this first.
 */
export async function lockModel(transaction: Transaction, name: string): Promise<void> {
  await transaction.selectFrom('models').select('name').where('name', '=', name).forUpdate().executeTakeFirst()
}

/** The models of the project, by name. */
export async function listModels(database: Database): Promise<readonly RegisteredModel[]> {
  const rows = await database.selectFrom('models').selectAll().where('present', '=', true).orderBy('name').execute()
  return rows.map(modelFromRow)
}

/**
 * A model by its name; `in life` leaves out those that are retired.
 * @throws RefitError `not-found`, `model-retired`
 */
export async function getModel(database: Database, name: string, which: 'any' | 'in life' = 'any'): Promise<RegisteredModel> {
  const row = await database.selectFrom('models').selectAll().where('name', '=', name).executeTakeFirst()
  if (row === undefined) throw refitError('not-found', { what: `model "${name}"` })
  if (which === 'in life') refuseRetired(name, row)
  return modelFromRow(row)
}

function modelFromRow(row: Selectable<Schema['models']>): RegisteredModel {
  return { name: row.name, definition: Value.Parse(StoredModel, row.definition), definitionHash: row.definition_hash, present: row.present, retired: retirementFrom(row) }
}
