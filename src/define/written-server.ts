import { Type } from 'typebox'
import { parseDuration } from './measures.js'

/** Far above the processors of any machine. */
const MOST_PROCESSES = 256
/** Nobody waits longer for a prediction. */
const LONGEST_ANSWER_MS = 600_000

const AnswerWithin = Type.Refine(
  Type.String(),
  (text) => (parseDuration(text) ?? Infinity) <= LONGEST_ANSWER_MS,
  (text) => `"${text}" is no duration of at most 10 minutes; write e.g. '30 seconds'`,
)

const Port = Type.Integer({ minimum: 0, maximum: 65_535 })

/** Where control and serving listen, as it is written. */
export const WrittenServer = Type.Object(
  {
    controlPort: Type.Optional(Port),
    servingPort: Type.Optional(Port),
    servingProcesses: Type.Optional(Type.Integer({ minimum: 1, maximum: MOST_PROCESSES })),
    answerWithin: Type.Optional(AnswerWithin),
    bind: Type.Optional(Type.String({ minLength: 1 })),
    hosts: Type.Optional(Type.Array(Type.String())),
    origins: Type.Optional(Type.Array(Type.String())),
    invocations: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
)
