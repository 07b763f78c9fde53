import { inferColumns } from '../data/infer-columns.js'
import { neededColumns } from '../data/contract.js'
import { inferOtherColumns, type ContractColumns } from '../define/infer-contract.js'
import { columnsUnder, hasInferredContract, newestContract, saveContract, type NewContract } from '../drops/contracts.js'
import { rawFiles, type Drop } from '../drops/drop.js'
import { RefitError } from '../errors.js'
import type { Transaction } from '../database/schema.js'
import type { Attempt } from '../workflow/stage.js'
import type { LifecycleRun, Rooms } from './run.js'

/** The columns that this run holds drops to, and a contract to be kept once a drop has been accepted under it. */
export interface Agreed {
  readonly columns: ContractColumns
  readonly inferred: NewContract | undefined
}

/**
 * The contract of this run: the project file, with what was inferred from a first drop or accepted from a later one. Where
 * columns are to be inferred and none have been, the first waiting drop that has all declared ones tells them.
 */
export async function agreeOnContract(rooms: Rooms, { definition }: LifecycleRun, waiting: readonly Drop[], attempt: Attempt): Promise<Agreed> {
  const { database } = rooms
  const columns = columnsUnder(definition, await newestContract(database, definition.name))
  const mustInfer = definition.contract?.otherColumns === 'infer' && !(await hasInferredContract(database, definition.name))
  const inferred = mustInfer ? await inferFrom(rooms, definition, columns, waiting, attempt) : undefined
  return { columns: { ...columns, ...inferred?.columns }, inferred }
}

/** Keeps an inferred contract if the drop that it was taken from has been accepted: another tells better what to expect. */
export async function keepInferred(transaction: Transaction, at: Date, run: LifecycleRun, { inferred }: Agreed, accepted: ReadonlySet<string>): Promise<void> {
  if (inferred !== undefined && accepted.has(inferred.drop)) await saveContract(transaction, at, run.definition, inferred)
}

async function inferFrom(rooms: Rooms, { format }: LifecycleRun['definition'], declared: ContractColumns, waiting: readonly Drop[], attempt: Attempt): Promise<NewContract | undefined> {
  for (const drop of waiting) {
    try {
      const files = await Promise.all(rawFiles(drop).map(async ({ key, object }) => ({ key, path: await rooms.objects.localPath(object) })))
      const data = await inferColumns({ files, format, expected: Object.keys(declared) }, attempt.signal)
      const found = new Set(data.columns.map(({ name }) => name))
      if (!neededColumns(declared).every(([column, { optional }]) => optional || found.has(column))) continue
      return { origin: 'inferred', columns: inferOtherColumns(data, declared), drop: drop.id, actor: 'refit' }
    } catch (error) {
      // A file that cannot be looked at is refused when it is read, with its reasons.
      if (!(error instanceof RefitError && (error.code === 'data-unfit' || error.code.startsWith('process-') || error.code === 'object-missing' || error.code === 'object-damaged'))) throw error
    }
  }
  return undefined
}
