import { NONE } from './choices.js'
import { unfitName } from './column.js'
import type { InferredColumn, InferredData } from './inferred-data.js'
import { proposeRoles } from './propose-roles.js'
import type { StoredColumn } from './stored-definition.js'

/** Columns by name, in order. */
export type ContractColumns = Readonly<Record<string, StoredColumn>>

/**
 * What a first drop tells of the columns that the project file does not name: features, or ignored where no model can
 * use them. A column without gaps is required from then on.
 */
export function inferOtherColumns(data: InferredData, declared: ContractColumns): Record<string, StoredColumn> {
  const ofRole = (role: StoredColumn['role']): string => Object.entries(declared).find(([, column]) => column.role === role)?.[0] ?? NONE
  const choices = { name: 'model', target: ofRole('target'), group: ofRole('group'), key: ofRole('key'), time: ofRole('time'), ignore: [], split: 'group' as const }
  const others = proposeRoles(data, choices).filter(({ name }) => !Object.hasOwn(declared, name) && unfitName(name) === undefined)
  return Object.fromEntries(others.map(({ name, type, role, missing }) => [name, role === 'ignored' ? ignored : { type, role, optional: missing > 0 }]))
}

const ignored: StoredColumn = { type: 'text', role: 'ignored', optional: true }

/** What is wrong with a drop, as far as the contract is concerned. */
export interface ContractFault {
  readonly code: string
  readonly column?: string | undefined
}

/** One change of the contract that lets a drop in. */
export interface Amendment {
  readonly column: string
  readonly becomes: StoredColumn
  /** What changes, in words, e.g. `becomes optional`. */
  readonly words: string
}

/**
 * The changes of the contract that let a refused drop in, by what its file holds. `newColumns` says what becomes of
 * columns that nobody has named. `obstacles` are the faults that no contract can allow.
 */
export function amendColumns(
  columns: ContractColumns,
  faults: readonly ContractFault[],
  data: InferredData,
  newColumns: 'ignored' | 'inferred',
): { readonly amendments: readonly Amendment[]; readonly obstacles: readonly ContractFault[] } {
  const found = new Map(data.columns.map((column) => [column.name, column]))
  const inferred = newColumns === 'inferred' ? inferOtherColumns(data, columns) : {}
  const amended = new Map<string, Amendment>()
  const obstacles: ContractFault[] = []
  for (const fault of faults) {
    const { column: name } = fault
    if (name === undefined) continue
    const present = amended.get(name)
    const change = amend(fault.code, present?.becomes ?? columns[name], found.get(name), inferred[name])
    if (change === undefined) obstacles.push(fault)
    else if (change !== 'none') amended.set(name, { column: name, becomes: change.becomes, words: [present?.words, change.words].filter((words) => words !== undefined).join(' and ') })
  }
  return { amendments: [...amended.values()], obstacles }
}

type Change = Pick<Amendment, 'becomes' | 'words'>

/** How a column has to be changed for a fault to be none; undefined where it cannot. Faults of the whole drop change no column. */
function amend(code: string, column: StoredColumn | undefined, found: InferredColumn | undefined, inferred: StoredColumn | undefined): Change | 'none' | undefined {
  if (code === 'unexpected-column') {
    if (inferred === undefined || inferred.role === 'ignored') return { becomes: ignored, words: 'is ignored' }
    return { becomes: inferred, words: `is a new feature, a ${inferred.type}` }
  }
  // Groups, keys, times and targets carry the split and the learning: without their values a row is of no use.
  const isFeature = column?.role === 'feature'
  if (column === undefined) return undefined
  switch (code) {
    case 'missing-column':
    case 'missing-value':
      return isFeature ? { becomes: { ...column, optional: true }, words: 'becomes optional' } : undefined
    case 'wrong-type':
      return isFeature && found !== undefined ? retyped(column, found) : undefined
    case 'out-of-range':
      return { becomes: widened(column, found), words: 'may have a wider range' }
    case 'category-not-allowed': {
      const { values: _values, ...open } = column
      return { becomes: open, words: 'may have any category' }
    }
    case 'pattern-mismatch': {
      const { pattern: _pattern, ...free } = column
      return { becomes: free, words: 'needs to match no pattern' }
    }
    case 'too-short':
    case 'too-long': {
      const { minLength: _min, maxLength: _max, ...free } = column
      return { becomes: free, words: 'may have any length' }
    }
    case 'not-unique': {
      const { unique: _unique, ...free } = column
      return { becomes: free, words: 'may repeat' }
    }
    default:
      return code.startsWith('implausible') ? 'none' : undefined
  }
}

/** Texts can stand for anything; what is not read as a number any more is a category. */
function retyped({ role, optional }: StoredColumn, found: InferredColumn): Change | undefined {
  const type = found.type === 'text' || found.type === 'time' ? 'category' : found.type
  return { becomes: { type, role, optional: optional || found.missing > 0 }, words: `becomes a ${type}` }
}

function widened(column: StoredColumn, found: InferredColumn | undefined): StoredColumn {
  const { min, max, ...rest } = column
  const lowest = Number(found?.min ?? Number.NEGATIVE_INFINITY)
  const highest = Number(found?.max ?? Number.POSITIVE_INFINITY)
  return {
    ...rest,
    ...(min === undefined || !Number.isFinite(Math.min(min, lowest)) ? {} : { min: Math.min(min, lowest) }),
    ...(max === undefined || !Number.isFinite(Math.max(max, highest)) ? {} : { max: Math.max(max, highest) }),
  }
}
