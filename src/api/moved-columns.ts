import { movedWord, type ColumnDrift, type SnapshotProfile } from '../data/profile.js'
import type { MovedColumn } from './wire/snapshot.js'

const MOST_NAMED = 5

/** The columns that have moved since the former snapshot, the furthest first. */
export function movedColumns({ columns, drift }: SnapshotProfile): readonly MovedColumn[] {
  return Object.entries(drift?.columns ?? {})
    .toSorted(([, a], [, b]) => (b.psi ?? 0) - (a.psi ?? 0))
    // Time goes on: that says nothing of the rows.
    .filter(([column]) => columns[column]?.role !== 'time')
    .flatMap(([column, found]) => {
      const moved = movedWord(found)
      return moved === undefined ? [] : [{ column, moved, text: `${column}${columns[column]?.role === 'target' ? ' (the target)' : ''}: ${words(found)}` }]
    })
}

function words({ psi, missing, missingBefore, newCategories, goneCategories }: ColumnDrift): string {
  return [
    ...(psi === undefined ? [] : [`stability index ${psi.toFixed(2)}`]),
    ...(Math.abs(missing - missingBefore) < 0.005 ? [] : [`missing ${percent(missingBefore)} → ${percent(missing)}`]),
    ...named('new', newCategories),
    ...named('gone', goneCategories),
  ].join(', ')
}

function named(what: string, categories: readonly string[]): readonly string[] {
  if (categories.length === 0) return []
  const rest = categories.length - MOST_NAMED
  return [`${what}: ${categories.slice(0, MOST_NAMED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`]
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
