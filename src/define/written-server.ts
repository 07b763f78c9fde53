import { Type } from 'typebox'

const Port = Type.Integer({ minimum: 0, maximum: 65_535 })

/** Where control and serving listen, as it is written. */
export const WrittenServer = Type.Object(
  {
    controlPort: Type.Optional(Port),
    servingPort: Type.Optional(Port),
    bind: Type.Optional(Type.String({ minLength: 1 })),
    hosts: Type.Optional(Type.Array(Type.String())),
    origins: Type.Optional(Type.Array(Type.String())),
    invocations: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
)
