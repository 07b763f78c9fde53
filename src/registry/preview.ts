import type { Database } from '../database/schema.js'
import type { StoredModel, StoredRule } from '../define/stored-definition.js'
import { differenceOf, startsRun, type DefinitionDifference } from './definitions.js'
import { listModels } from './models.js'

/** What would become of a model. */
export interface PreviewedModel extends DefinitionDifference {
  readonly model: string
  readonly becomes: 'new' | 'changed' | 'same' | 'removed'
  /** Whether its registration asks for a run. */
  readonly startsRun: boolean
}

/** What these definitions would change if they were registered now. */
export async function previewModels(database: Database, definitions: readonly StoredModel[], ruleWords: (rule: StoredRule) => string): Promise<readonly PreviewedModel[]> {
  const registered = new Map((await listModels(database)).map((model) => [model.name, model]))
  const defined = await Promise.all(
    definitions.map(async (definition): Promise<PreviewedModel> => {
      const known = registered.get(definition.name)
      if (known === undefined) return { model: definition.name, becomes: 'new', changes: [], startsRun: false }
      const difference = await differenceOf(database, known.definition, definition, ruleWords)
      const starts = known.retired === undefined && startsRun(definition, difference)
      return { model: definition.name, becomes: difference.changes.length === 0 ? 'same' : 'changed', ...difference, startsRun: starts }
    }),
  )
  const named = new Set(definitions.map(({ name }) => name))
  const removed = [...registered.keys()].filter((name) => !named.has(name))
  return [...defined, ...removed.map((model): PreviewedModel => ({ model, becomes: 'removed', changes: [], startsRun: false }))]
}
