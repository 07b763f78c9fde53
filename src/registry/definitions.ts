import { sql } from 'kysely'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import type { Database } from '../database/schema.js'
import { comparability, Comparability } from '../define/comparability.js'
import { DefinitionChange, definitionChanges, mattersForModel } from '../define/definition-changes.js'
import { StoredModel, type StoredRule } from '../define/stored-definition.js'

/** How a definition differs from the one before it, and what that means for the comparison with the champion. */
export const DefinitionDifference = Type.Object({
  changes: Type.Array(DefinitionChange),
  /** Absent where there is no champion, or nobody knows its definition. */
  comparable: Type.Optional(Comparability),
})
export type DefinitionDifference = Static<typeof DefinitionDifference>

/** A definition that came into force. */
export interface RecordedDefinition extends DefinitionDifference {
  readonly at: Date
  readonly actor: string
  readonly definitionHash: string
}

/**
 * What a definition changes. What stays comparable is seen from the definition under which the champion was checked: it
 * may be older than the one before.
 */
export async function differenceOf(database: Database, before: StoredModel, after: StoredModel, ruleWords: (rule: StoredRule) => string): Promise<DefinitionDifference> {
  const champion = await definitionOfChampion(database, after.name)
  return { changes: [...definitionChanges(before, after, ruleWords)], ...(champion === undefined ? {} : { comparable: comparability(champion.definition, after, champion.sawEveryRow) }) }
}

/** Whether a model asks for a run when its definition changes in this way. */
export function startsRun({ triggers }: StoredModel, { changes }: DefinitionDifference): boolean {
  return mattersForModel(changes) && triggers.some(({ kind }) => kind === 'definition')
}

async function definitionOfChampion(database: Database, model: string): Promise<{ readonly definition: StoredModel; readonly sawEveryRow: boolean } | undefined> {
  const row = await database
    .selectFrom('champions')
    .innerJoin('versions', (join) => join.onRef('versions.model', '=', 'champions.model').onRef('versions.number', '=', 'champions.version'))
    .innerJoin('runs', 'runs.id', 'versions.run')
    .select(['runs.definition', sql<boolean>`versions.lineage ? 'refitted'`.as('saw_every_row')])
    .where('champions.model', '=', model)
    .executeTakeFirst()
  return row === undefined || row.definition === null ? undefined : { definition: Value.Parse(StoredModel, row.definition), sawEveryRow: row.saw_every_row }
}

const Defined = Type.Object({ definitionHash: Type.String(), changes: Type.Optional(DefinitionDifference.properties.changes), comparable: DefinitionDifference.properties.comparable })

/** The definitions that came into force, the newest first, each with what it changed. */
export async function definitionHistory(database: Database, model: string, limit: number): Promise<readonly RecordedDefinition[]> {
  const rows = await database.selectFrom('events').select(['at', 'actor', 'data']).where('model', '=', model).where('kind', '=', 'model.defined').orderBy('transaction', 'desc').orderBy('id', 'desc').limit(limit).execute()
  return rows.map(({ at, actor, data }) => {
    const { changes = [], ...rest } = Value.Parse(Defined, data)
    return { at, actor, changes, ...rest }
  })
}
