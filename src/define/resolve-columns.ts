import { Type, type Static } from 'typebox'
import { unfitName } from './column.js'
import { ColumnRole, ColumnType, type StoredColumn, type Task } from './stored-definition.js'

/** A column as it leaves the project file. */
export const WrittenColumn = Type.Object(
  {
    type: ColumnType,
    role: ColumnRole,
    optional: Type.Optional(Type.Boolean()),
    min: Type.Optional(Type.Number()),
    max: Type.Optional(Type.Number()),
    values: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
    minLength: Type.Optional(Type.Integer({ minimum: 0 })),
    maxLength: Type.Optional(Type.Integer({ minimum: 0 })),
    pattern: Type.Optional(Type.String({ minLength: 1 })),
    unique: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)
export type WrittenColumn = Static<typeof WrittenColumn>

type Report = (where: string, message: string) => void

/** Columns with their defaults; `inferred`: a first drop will tell of others. Patterns are looked at by those who have RE2. */
export function resolveColumns(written: Readonly<Record<string, WrittenColumn>>, task: Task, inferred: boolean, fault: Report): Record<string, StoredColumn> {
  const columns: Record<string, StoredColumn> = {}
  for (const [name, column] of Object.entries(written)) {
    const where = `columns.${name}`
    const reason = unfitName(name)
    if (reason !== undefined) fault(where, reason)
    const type = column.role === 'target' ? (task === 'regression' ? 'number' : 'category') : column.type
    checkOptions(column, type, task, where, fault)
    const { unique = false, ...rest } = column
    columns[name] = { ...rest, type, optional: column.optional ?? false, ...(unique ? { unique } : {}) }
  }
  const count = (role: StoredColumn['role']): number => Object.values(columns).filter((column) => column.role === role).length
  if (count('target') !== 1) fault('columns', `exactly one column must be the target, there are ${count('target')}`)
  if (count('feature') === 0 && !inferred) fault('columns', 'at least one column must be a feature')
  for (const role of ['time', 'weight', 'group', 'key'] as const) if (count(role) > 1) fault('columns', `at most one column can be the ${role}, there are ${count(role)}`)
  return columns
}

function checkOptions(column: WrittenColumn, type: StoredColumn['type'], task: Task, where: string, fault: Report): void {
  const { role, min, max, values, minLength, maxLength, pattern } = column
  if (min !== undefined && max !== undefined && min > max) fault(`${where}.min`, `${min} is above max ${max}`)
  if (minLength !== undefined && maxLength !== undefined && minLength > maxLength) fault(`${where}.minLength`, `${minLength} is above maxLength ${maxLength}`)
  if (role === 'target' && task === 'classification' && (min !== undefined || max !== undefined)) {
    fault(where, 'the target of a classification is a class and has no range')
  }
  if (role === 'target' && task === 'regression' && values !== undefined) fault(where, 'the target of a regression is a number and has no values')
  if (role === 'weight' && (type !== 'number' || column.optional === true || (min ?? 0) < 0)) fault(where, 'a weight is a number of at least 0 and may not be missing')
  if (type !== 'category' && type !== 'text' && (minLength !== undefined || maxLength !== undefined || pattern !== undefined)) {
    fault(where, `a ${type} has no length and no pattern`)
  }
}
