import { Type, type Static } from 'typebox'
import { DefinitionChange } from '../../define/definition-changes.js'
import { Comparability } from '../../define/comparability.js'
import { StoredModel } from '../../define/stored-definition.js'
import { Instant } from './time.js'

const Difference = {
  changes: Type.Array(DefinitionChange),
  /** What can be compared with the champion under it; absent without one. */
  comparable: Type.Optional(Comparability),
}

/** What has changed since the definition of the last run. */
export const DefinitionPending = Type.Object({ since: Type.String({ description: 'The run' }), ...Difference })
export type DefinitionPending = Static<typeof DefinitionPending>

/** A definition that came into force, and how it differed from the one before. */
export const DefinitionRecord = Type.Object({ at: Instant, actor: Type.String(), definitionHash: Type.String(), ...Difference })
export type DefinitionRecord = Static<typeof DefinitionRecord>

export const DefinitionList = Type.Object({ definitions: Type.Array(DefinitionRecord) })
export type DefinitionList = Static<typeof DefinitionList>

/** A project that is not registered: its models as they would be stored. */
export const PreviewRequest = Type.Object({ models: Type.Record(Type.String(), StoredModel) }, { additionalProperties: false })
export type PreviewRequest = Static<typeof PreviewRequest>

export const PreviewedModel = Type.Object({
  model: Type.String(),
  becomes: Type.Union([Type.Literal('new'), Type.Literal('changed'), Type.Literal('same'), Type.Literal('removed')]),
  ...Difference,
  /** Whether its registration asks for a run. */
  startsRun: Type.Boolean(),
})
export type PreviewedModel = Static<typeof PreviewedModel>

export const Preview = Type.Object({ models: Type.Array(PreviewedModel) })
export type Preview = Static<typeof Preview>
