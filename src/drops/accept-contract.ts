import type { Clock } from '../clock.js'
import { inferColumns } from '../data/infer-columns.js'
import type { Database } from '../database/schema.js'
import { amendColumns, type Amendment } from '../define/infer-contract.js'
import type { StoredModel } from '../define/stored-definition.js'
import { refitError } from '../errors.js'
import type { ObjectStore } from '../objects/object-store.js'
import { appendEvent } from '../runs/event.js'
import { columnsUnder, newestContract, saveContract } from './contracts.js'
import type { Drop, HandDecision } from './drop.js'
import { getDrop } from './queries.js'

/** What accepting a drop's form changes. */
export interface Acceptance {
  readonly drop: string
  /** Number of the new contract; undefined when it was only looked at. */
  readonly number: number | undefined
  readonly amendments: readonly Amendment[]
}

/** Who takes a drop's form for the contract from now on, and why. */
export interface AcceptRequest {
  readonly drop: string
  readonly actor: string
  /** Needed unless it is a preview. */
  readonly reason: string | undefined
  /** Only say what would change. */
  readonly preview: boolean
}

/**
 * Makes the form of a quarantined drop the contract from now on, and lets it in: the next run reads it again.
 * @throws RefitError `not-found`, `reason-required`, `conflict` for a drop that is not quarantined, `contract-unacceptable` where no contract could let it in
 */
export async function acceptContract(
  { database, objects, clock }: { readonly database: Database; readonly objects: ObjectStore; readonly clock: Clock },
  definition: StoredModel,
  request: AcceptRequest,
  signal: AbortSignal,
): Promise<Acceptance> {
  const drop = requireQuarantined(await getDrop(database, request.drop))
  const file = drop.files?.[0] ?? drop
  const data = await inferColumns(await objects.localPath(file.object), signal, { key: file.key })
  const former = await newestContract(database, drop.model)
  const columns = columnsUnder(definition, former)
  const newColumns = definition.contract?.otherColumns === 'infer' ? 'inferred' : 'ignored'
  const { amendments, obstacles } = amendColumns(columns, drop.reason.faults ?? [], data, newColumns)
  const [obstacle] = obstacles
  if (obstacle !== undefined) throw refitError('contract-unacceptable', { drop: drop.id, reason: (drop.reason.faults ?? []).find((fault) => fault.code === obstacle.code && fault.column === obstacle.column)?.message ?? obstacle.code })
  if (request.preview) return { drop: drop.id, number: undefined, amendments }
  const { actor, reason } = request
  if (reason === undefined) throw refitError('reason-required', { action: 'Accepting a contract' })
  const number = await database.transaction().execute(async (transaction) => {
    await transaction.selectFrom('models').select('name').where('name', '=', drop.model).forUpdate().executeTakeFirst()
    const again = await newestContract(transaction, drop.model)
    if (again?.number !== former?.number) throw refitError('conflict', { reason: 'The contract has been changed meanwhile.' })
    const at = clock.now()
    const decision: HandDecision = { kind: 'release', actor, at: at.toISOString(), reason }
    const updated = await transaction
      .updateTable('drops')
      .set({ state: 'recorded', reason: '{}', released: true, decision: JSON.stringify(decision), changed_at: at })
      .where('id', '=', drop.id)
      .where('state', '=', 'quarantined')
      .returning('id')
      .executeTakeFirst()
    if (updated === undefined) requireQuarantined(await getDrop(transaction, drop.id))
    const accepted = Object.fromEntries(amendments.map(({ column, becomes }) => [column, becomes]))
    const kept = Object.fromEntries(Object.entries(columns).filter(([name, column]) => JSON.stringify(definition.columns[name]) !== JSON.stringify(column)))
    const next = await saveContract(transaction, at, definition, { origin: 'accepted', columns: { ...kept, ...accepted }, drop: drop.id, actor, reason })
    const data = { drop: drop.id, key: drop.key, number: next, reason, changes: amendments.map(({ column, words }) => `${column} ${words}`) }
    await appendEvent(transaction, { at, actor, kind: 'contract.accepted', model: drop.model, data })
    return next
  })
  return { drop: drop.id, number, amendments }
}

function requireQuarantined(drop: Drop): Drop {
  if (drop.state !== 'quarantined') throw refitError('conflict', { reason: `Drop ${drop.id} is ${drop.state}; only the form of a quarantined one can be accepted.` })
  return drop
}
