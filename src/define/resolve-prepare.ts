import { Type, type Static } from 'typebox'
import { unfitName } from './column.js'
import type { StoredColumn, StoredModel, StoredPrepare } from './stored-definition.js'

/** A column that a module gives, or takes out; other rules than these hold for drops alone. */
export const WrittenPreparedColumn = Type.Object(
  {
    type: Type.Union([Type.Literal('number'), Type.Literal('category'), Type.Literal('boolean'), Type.Literal('text')]),
    role: Type.Union([Type.Literal('feature'), Type.Literal('ignored')]),
    optional: Type.Optional(Type.Boolean()),
    min: Type.Optional(Type.Number()),
    max: Type.Optional(Type.Number()),
    values: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
  },
  { additionalProperties: false },
)

interface Written {
  readonly prepare?: string | undefined
  readonly prepared?: Readonly<Record<string, Static<typeof WrittenPreparedColumn>>> | undefined
}

/** How rows are prepared; undefined where they are not. */
export function resolvePrepare(
  { prepare, prepared }: Written,
  columns: Readonly<Record<string, StoredColumn>>,
  fault: (where: string, message: string) => void,
): StoredPrepare | undefined {
  if (prepare === undefined && prepared === undefined) return undefined
  if (prepare === undefined || prepared === undefined) {
    fault(prepare === undefined ? 'prepare' : 'prepared', prepare === undefined ? 'which module gives the columns of `prepared`?' : 'which columns does the module give?')
    return undefined
  }
  for (const [name, column] of Object.entries(prepared)) {
    const reason = faultOf(name, column, columns[name])
    if (reason !== undefined) fault(`prepared.${name}`, reason)
  }
  const resolved = { path: prepare, columns: Object.fromEntries(Object.entries(prepared).map(([name, column]) => [name, { ...column, optional: column.optional ?? false }])) }
  if (!Object.values(resolved.columns).some(({ role }) => role === 'feature')) fault('prepared', 'at least one column must be a feature that the module gives')
  return resolved
}

function faultOf(name: string, column: Static<typeof WrittenPreparedColumn>, raw: StoredColumn | undefined): string | undefined {
  const reason = unfitName(name)
  if (reason !== undefined) return reason
  if (column.min !== undefined && column.max !== undefined && column.min > column.max) return `min ${column.min} is above max ${column.max}`
  if (raw !== undefined && raw.role !== 'feature') return `it is the name of the ${raw.role} column, which is no feature`
  if (column.role === 'ignored' && raw === undefined) return 'there is no such column to take out'
  return undefined
}

/**
 * The columns as the model and its trainer know them: those of the drops, with the features that a module gives in the
 * place of those of the same name, and new ones after them. Without `prepare`, those of the drops.
 */
export function modelColumns({ columns, prepare }: Pick<StoredModel, 'columns' | 'prepare'>): Readonly<Record<string, StoredColumn>> {
  return { ...columns, ...prepare?.columns }
}

