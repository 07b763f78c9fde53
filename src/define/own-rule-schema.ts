import { Type, type Static } from 'typebox'

/** A rule of the user's own: a module of the project, or a program in any language. */
export const OwnRule = Type.Object(
  {
    kind: Type.Literal('own'),
    run: Type.Union([
      Type.Object({ module: Type.String({ minLength: 1 }) }, { additionalProperties: false }),
      Type.Object({ command: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }) }, { additionalProperties: false }),
    ]),
    parameters: Type.Record(Type.String(), Type.Unknown()),
  },
  { additionalProperties: false },
)
export type OwnRule = Static<typeof OwnRule>
