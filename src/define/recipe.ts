import type { StoredModel } from './stored-definition.js'

/**
 * What neither the model nor its verdict follows from: where data comes from, for what has come is in the snapshot; when it
 * runs, within which limits, and how it comes into service.
 */
export const INCIDENTAL = ['source', 'format', 'contract', 'approval', 'deploy', 'triggers', 'dropsOverdueMilliseconds', 'limits', 'dialect', 'predictionLog'] as const satisfies readonly (keyof StoredModel)[]

/** What of a definition makes another model, or judges it otherwise, when it changes. */
export function recipeOf(definition: StoredModel): Readonly<Record<string, unknown>> {
  return without(definition, INCIDENTAL)
}

/**
 * What of a definition may end a run otherwise, when it changes: besides the recipe whether someone has to approve, and the
 * limits, for a candidate that breaks them is rejected.
 */
export function decisiveOf(definition: StoredModel): Readonly<Record<string, unknown>> {
  return without(definition, INCIDENTAL.filter((part) => part !== 'approval' && part !== 'limits'))
}

function without(definition: StoredModel, parts: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(definition).filter(([part]) => !parts.includes(part)))
}
