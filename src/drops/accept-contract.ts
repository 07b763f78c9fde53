import type { Clock } from '../clock.js'
import { inferColumns } from '../data/infer-columns.js'
import type { DropFault } from '../data/snapshot.js'
import type { Database } from '../database/schema.js'
import { amendColumns, type Amendment, type ContractColumns } from '../define/infer-contract.js'
import type { StoredModel } from '../define/stored-definition.js'
import { refitError } from '../errors.js'
import type { ObjectStore } from '../objects/object-store.js'
import { lockModel } from '../registry/models.js'
import { appendEvent } from '../runs/event.js'
import { columnsUnder, newestContract, saveContract } from './contracts.js'
import { rawFiles, type Drop, type HandDecision } from './drop.js'
import { faultsUnder } from './faults-under.js'
import { getDrop } from './queries.js'

/** What accepting a drop's form changes. */
export interface Acceptance {
  readonly drop: string
  /** Number of the new contract; undefined when it was only looked at. */
  readonly number: number | undefined
  readonly amendments: readonly Amendment[]
  /** What is wrong with the drop under the new contract: it stays in quarantine for that. */
  readonly remaining: readonly DropFault[]
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
 * Makes the form of a quarantined drop the contract from now on, and reads the drop again under it. Where nothing else is
 * wrong with it, the next run takes it; otherwise it stays in quarantine with what is, which nobody has been shown yet.
 * @throws RefitError `not-found`, `reason-required`, `conflict` for a drop that is not quarantined, `contract-unacceptable` where no contract could let it in
 */
export async function acceptContract(rooms: { readonly database: Database; readonly objects: ObjectStore; readonly clock: Clock }, definition: StoredModel, request: AcceptRequest, signal: AbortSignal): Promise<Acceptance> {
  const { database, clock } = rooms
  const drop = requireQuarantined(await getDrop(database, request.drop))
  const former = await newestContract(database, drop.model)
  const columns = columnsUnder(definition, former)
  const amendments = await amendmentsFor(rooms, drop, definition, columns, signal)
  const accepted = Object.fromEntries(amendments.map(({ column, becomes }) => [column, becomes]))
  const remaining = await faultsUnder(rooms, drop, { ...definition, columns: { ...columns, ...accepted } }, signal)
  if (request.preview) return { drop: drop.id, number: undefined, amendments, remaining }
  const { actor, reason } = request
  if (reason === undefined) throw refitError('reason-required', { action: 'Accepting a contract' })
  const number = await database.transaction().execute(async (transaction) => {
    await lockModel(transaction, drop.model)
    const again = await newestContract(transaction, drop.model)
    if (again?.number !== former?.number) throw refitError('conflict', { reason: 'The contract has been changed meanwhile.' })
    const at = clock.now()
    const decision: HandDecision = { kind: 'restore', actor, at: at.toISOString(), reason }
    const becomes =
      remaining.length === 0
        ? { state: 'recorded' as const, reason: '{}', decision: JSON.stringify(decision) }
        : { reason: JSON.stringify({ summary: remaining.map(({ message }) => message).join(' '), faults: remaining }) }
    const updated = await transaction
      .updateTable('drops')
      .set({ ...becomes, released: false, changed_at: at })
      .where('id', '=', drop.id)
      .where('state', '=', 'quarantined')
      .returning('id')
      .executeTakeFirst()
    if (updated === undefined) requireQuarantined(await getDrop(transaction, drop.id))
    const next = await saveContract(transaction, at, definition, { origin: 'accepted', columns: accepted, drop: drop.id, actor, reason })
    const data = { drop: drop.id, key: drop.key, number: next, reason, changes: amendments.map(({ column, words }) => `${column} ${words}`), remaining: remaining.map(({ message }) => message) }
    await appendEvent(transaction, { at, actor, kind: 'contract.accepted', model: drop.model, data })
    return next
  })
  return { drop: drop.id, number, amendments, remaining }
}

/** The changes of columns that the faults of a drop ask for. @throws RefitError `contract-unacceptable` */
async function amendmentsFor({ objects }: { readonly objects: ObjectStore }, drop: Drop, definition: StoredModel, columns: ContractColumns, signal: AbortSignal): Promise<readonly Amendment[]> {
  const faults = drop.reason.faults ?? []
  const files = await Promise.all(rawFiles(drop).map(async ({ key, object }) => ({ key, path: await objects.localPath(object) })))
  const data = await inferColumns({ files, format: definition.format, expected: Object.keys(columns) }, signal)
  const { amendments, obstacles } = amendColumns(columns, faults, data, definition.contract?.otherColumns === 'infer' ? 'inferred' : 'ignored')
  const [obstacle] = obstacles
  if (obstacle !== undefined) {
    const fault = faults.find(({ code, column }) => code === obstacle.code && column === obstacle.column)
    throw refitError('contract-unacceptable', { drop: drop.id, reason: fault?.message ?? obstacle.code })
  }
  if (amendments.length === 0) throw refitError('contract-unacceptable', { drop: drop.id, reason: `${faults[0]?.message ?? 'nothing is known to be wrong with it.'} That is no matter of its columns; what can be waived of it, \`refit drops release\` waives.` })
  return amendments
}

function requireQuarantined(drop: Drop): Drop {
  if (drop.state !== 'quarantined') throw refitError('conflict', { reason: `Drop ${drop.id} is ${drop.state}; only the form of a quarantined one can be accepted.` })
  return drop
}
