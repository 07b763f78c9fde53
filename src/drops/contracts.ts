import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { canonicalJson } from '../define/canonical-json.js'
import type { ContractColumns } from '../define/infer-contract.js'
import { StoredColumn, type StoredModel } from '../define/stored-definition.js'
import type { Database, Transaction } from '../database/schema.js'

const Declared = Type.Record(Type.String(), Type.Union([StoredColumn, Type.Null()]))

/** Columns inferred from a first drop, or accepted from a refused one, over those of the project file. */
export interface Contract {
  readonly number: number
  readonly origin: 'declared' | 'inferred' | 'accepted'
  readonly columns: ContractColumns
  /** What the project file said of these columns then; null: it did not name them. */
  readonly declared: Static<typeof Declared>
  readonly drop: string | undefined
  readonly actor: string
  readonly reason: string | undefined
  readonly createdAt: Date
}

/** The contract that holds beside the project file, if there is one. */
export async function newestContract(database: Database | Transaction, model: string): Promise<Contract | undefined> {
  const row = await database.selectFrom('contracts').selectAll().where('model', '=', model).orderBy('number', 'desc').limit(1).executeTakeFirst()
  if (row === undefined) return undefined
  return {
    number: row.number,
    origin: row.origin,
    columns: Value.Parse(Type.Record(Type.String(), StoredColumn), row.columns),
    declared: Value.Parse(Declared, row.declared),
    drop: row.drop_id ?? undefined,
    actor: row.actor,
    reason: row.reason ?? undefined,
    createdAt: row.created_at,
  }
}

/** Whether columns have been inferred from a first drop. */
export async function hasInferredContract(database: Database, model: string): Promise<boolean> {
  const row = await database.selectFrom('contracts').select('number').where('model', '=', model).where('origin', '=', 'inferred').limit(1).executeTakeFirst()
  return row !== undefined
}

/** Where a column of the contract in force comes from. */
export type ColumnOrigin = Contract['origin']

/**
 * The columns in force: those of the project file, changed and added to by the contract. What the project file has
 * said anew of a column since stands above the contract, and an inferred column only while the project file asks for them.
 */
export function columnsUnder(definition: Pick<StoredModel, 'columns' | 'contract'>, contract: Pick<Contract, 'columns' | 'declared'> | undefined): ContractColumns {
  return { ...definition.columns, ...holding(definition, contract) }
}

/** What still holds of a contract. */
function holding(definition: Pick<StoredModel, 'columns' | 'contract'>, contract: Pick<Contract, 'columns' | 'declared'> | undefined): ContractColumns {
  const holds = ([name, column]: readonly [string, StoredColumn]): boolean => {
    const declared = definition.columns[name]
    if (canonicalJson(declared ?? null) !== canonicalJson(contract?.declared[name] ?? null)) return false
    return declared !== undefined || column.role === 'ignored' || definition.contract?.otherColumns === 'infer'
  }
  return Object.fromEntries(Object.entries(contract?.columns ?? {}).filter(holds))
}

/** A contract to be kept. */
export interface NewContract {
  readonly origin: 'inferred' | 'accepted'
  /** What it says anew, beyond or other than the project file. */
  readonly columns: ContractColumns
  readonly drop: string
  readonly actor: string
  readonly reason?: string
}

/** Keeps a contract under the next number, with what still holds of the one before. The caller holds the model's lock, or is the model's only active run. */
export async function saveContract(transaction: Transaction, at: Date, definition: Pick<StoredModel, 'name' | 'columns' | 'contract'>, contract: NewContract): Promise<number> {
  const { name: model } = definition
  const former = await newestContract(transaction, model)
  const number = (former?.number ?? 0) + 1
  const kept = holding(definition, former)
  // What a person has accepted meanwhile stands above what is inferred.
  const columns = contract.origin === 'inferred' ? { ...contract.columns, ...kept } : { ...kept, ...contract.columns }
  const declared = Object.fromEntries(Object.keys(columns).map((column) => [column, definition.columns[column] ?? null]))
  await transaction
    .insertInto('contracts')
    .values({
      model,
      number,
      origin: contract.origin,
      columns: JSON.stringify(columns),
      declared: JSON.stringify(declared),
      drop_id: contract.drop,
      actor: contract.actor,
      reason: contract.reason ?? null,
      created_at: at,
    })
    .execute()
  return number
}
