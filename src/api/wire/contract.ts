import { Type, type Static } from 'typebox'
import { StoredColumn } from '../../define/stored-definition.js'
import { DropFault } from './drop.js'
import { Instant } from './time.js'

const Change = Type.Object({ column: Type.String(), words: Type.String({ description: 'What changes, e.g. "becomes optional"' }) })

/** The contract in force. */
export const ContractDetail = Type.Object({
  model: Type.String(),
  /** Columns in order, with where each comes from. */
  columns: Type.Array(Type.Object({ name: Type.String(), ...StoredColumn.properties, origin: Type.Union([Type.Literal('declared'), Type.Literal('inferred'), Type.Literal('accepted')]) })),
  /** The contract beside the project file, where there is one. */
  beside: Type.Optional(
    Type.Object({ number: Type.Integer(), drop: Type.Optional(Type.String()), actor: Type.String(), reason: Type.Optional(Type.String()), since: Instant }),
  ),
})
export type ContractDetail = Static<typeof ContractDetail>

/** What accepting a drop's form changes, or would change. */
export const ContractAccepted = Type.Object({
  drop: Type.String(),
  number: Type.Optional(Type.Integer({ description: 'Of the new contract; absent when it was only looked at' })),
  changes: Type.Array(Change),
  remaining: Type.Array(DropFault, { description: 'What is wrong with the drop under the new contract; while there is any, it stays in quarantine' }),
})
export type ContractAccepted = Static<typeof ContractAccepted>
