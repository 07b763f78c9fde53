import { Type, type Static } from 'typebox'
import type { StoredColumn, StoredSplit, Task } from './stored-definition.js'

const closed = { additionalProperties: false }

/** A split as it leaves the project file. */
export const WrittenSplit = Type.Union([
  Type.Object({ kind: Type.Literal('group'), test: Type.String(), validation: Type.String(), stratify: Type.Optional(Type.String()) }, closed),
  Type.Object({ kind: Type.Literal('time'), test: Type.String(), gap: Type.Optional(Type.String()), validation: Type.String() }, closed),
  Type.Object(
    { kind: Type.Literal('groupAndTime'), test: Type.String(), groups: Type.String(), gap: Type.Optional(Type.String()), validation: Type.String() },
    closed,
  ),
])
export type WrittenSplit = Static<typeof WrittenSplit>

interface Reading {
  readonly task: Task
  readonly columns: Readonly<Record<string, StoredColumn>>
  readonly duration: (text: string, where: string) => number
  readonly share: (text: string, where: string) => number
  readonly fault: (where: string, message: string) => void
}

/** Fills in the defaults of a split; `byGroup()` where none is written. */
export function resolveSplit(split: WrittenSplit = { kind: 'group', test: '20%', validation: '10%' }, { task, columns, duration, share, fault }: Reading): StoredSplit {
  const validation = share(split.validation, 'split.validation')
  if (split.kind === 'group') {
    if (split.stratify !== undefined && !hasFewValues(columns[split.stratify], task)) {
      fault('split.stratify', `needs a category or boolean column, or the target of a classification; ${split.stratify} is none`)
    }
    return { kind: 'group', test: share(split.test, 'split.test'), validation, ...(split.stratify === undefined ? {} : { stratify: split.stratify }) }
  }
  if (!Object.values(columns).some(({ role }) => role === 'time')) fault('split', `${split.kind === 'time' ? 'byTime' : 'byGroupAndTime'} needs a time column`)
  const testMilliseconds = duration(split.test, 'split.test')
  const gapMilliseconds = split.gap === undefined ? 0 : duration(split.gap, 'split.gap')
  if (split.kind === 'time') return { kind: 'time', testMilliseconds, gapMilliseconds, validation }
  return { kind: 'groupAndTime', testMilliseconds, groups: share(split.groups, 'split.groups'), gapMilliseconds, validation }
}

function hasFewValues(column: StoredColumn | undefined, task: Task): boolean {
  if (column === undefined) return false
  if (column.role === 'target') return task === 'classification'
  return column.role === 'feature' && (column.type === 'category' || column.type === 'boolean')
}
