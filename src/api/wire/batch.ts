import { Type, type Static } from 'typebox'
import { RejectedRow, ScoringProgress } from '../../batch/score-job.js'
import { RunFailure } from './run.js'
import { Instant } from './time.js'

export const BatchJobAnswer = Type.Object({
  id: Type.String({ description: 'E.g. house-price-b3' }),
  model: Type.String(),
  number: Type.Integer(),
  version: Type.Integer({ description: 'Pinned when the job was asked for' }),
  input: Type.String(),
  output: Type.String(),
  overwrite: Type.Boolean(),
  state: Type.Union([Type.Literal('waiting'), Type.Literal('running'), Type.Literal('done'), Type.Literal('failed'), Type.Literal('cancelled')]),
  /** Whether somebody has asked for it to end. */
  cancelRequested: Type.Boolean(),
  progress: Type.Optional(ScoringProgress),
  /** Of a job that is done. */
  result: Type.Optional(Type.Object({ rows: Type.Integer(), rejected: Type.Integer({ description: 'Rows without a prediction; the column refit_error says why' }), samples: Type.Array(RejectedRow, { description: 'The first of them' }) })),
  error: Type.Optional(RunFailure),
  actor: Type.String(),
  createdAt: Instant,
  startedAt: Type.Optional(Instant),
  endedAt: Type.Optional(Instant),
})
export type BatchJobAnswer = Static<typeof BatchJobAnswer>

export const BatchJobList = Type.Object({ jobs: Type.Array(BatchJobAnswer), before: Type.Optional(Type.Integer({ description: 'Pass it to read the next, older page' })) })
export type BatchJobList = Static<typeof BatchJobList>
