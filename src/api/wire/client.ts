import { Type, type Static } from 'typebox'
import { ClientShape } from '../../clients/client-shape.js'
import { Instant } from './time.js'

export const RecordedClientAnswer = Type.Object({
  model: Type.String(),
  number: Type.Integer(),
  version: Type.Integer({ description: 'The version that it was written from first' }),
  lastVersion: Type.Integer({ description: 'And last: of clients whose types are equal there is one record' }),
  shape: ClientShape,
  actor: Type.String(),
  recordedAt: Instant,
  lastAt: Instant,
  breaks: Type.Array(Type.String(), { description: 'How the champion breaks it, if it does' }),
})
export type RecordedClientAnswer = Static<typeof RecordedClientAnswer>

export const RecordedClientList = Type.Object({ clients: Type.Array(RecordedClientAnswer) })
export type RecordedClientList = Static<typeof RecordedClientList>

export const WrittenClient = Type.Object({
  model: Type.String(),
  version: Type.Integer(),
  typescript: Type.String({ description: 'One file that needs nothing but fetch' }),
  recorded: Type.Optional(RecordedClientAnswer),
})
export type WrittenClient = Static<typeof WrittenClient>
