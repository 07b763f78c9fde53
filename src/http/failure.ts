import { Type, type Static } from 'typebox'

/** The body of every answer that is not a success. */
export const Failure = Type.Object(
  {
    code: Type.String({ description: 'Stable name of the error, as in docs/errors.md' }),
    message: Type.String({ description: 'What happened' }),
    hint: Type.String({ description: 'What to do next' }),
    faults: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
    /** Only for `internal`: the id under which the log has the stack. */
    id: Type.Optional(Type.String()),
  },
  { description: 'An error of the catalogue' },
)
export type Failure = Static<typeof Failure>
