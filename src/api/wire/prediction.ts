import { Type, type Static } from 'typebox'
import { LoggedRow } from '../../prediction-log/read-job.js'
import { ChampionMove } from './model.js'
import { Instant } from './time.js'
import { VersionDetail } from './version.js'

/** What has given an answer. */
export const PredictionDetail = Type.Object({
  id: Type.String(),
  model: Type.String(),
  at: Instant,
  rows: Type.Integer({ description: 'Rows that were asked' }),
  side: Type.Union([Type.Literal('champion'), Type.Literal('challenger')], { description: 'challenger: a version that was being rolled out' }),
  logged: Type.Boolean({ description: 'Whether it was sampled for the prediction log' }),
  /** With its verdict and lineage. */
  version: VersionDetail,
  /** How that version had become champion, where the champion has answered. */
  move: Type.Optional(ChampionMove),
})
export type PredictionDetail = Static<typeof PredictionDetail>

/** A logged row beside the truth, where that has come. */
export const LoggedPrediction = Type.Object({ ...LoggedRow.properties, truth: Type.Optional(Type.Union([Type.Number(), Type.String()])) })
export type LoggedPrediction = Static<typeof LoggedPrediction>

export const LoggedPredictions = Type.Object({ rows: Type.Array(LoggedPrediction), before: Type.Optional(Type.String({ description: 'Pass it to read the next, older page' })) })
export type LoggedPredictions = Static<typeof LoggedPredictions>

/** How much of a model's answers is logged and kept. */
export const PredictionLogDetail = Type.Object({
  model: Type.String(),
  logged: Type.Optional(
    Type.Object(
      { share: Type.Number({ description: 'Of the answers' }), days: Type.Number({ description: 'For which rows are kept' }), columns: Type.Optional(Type.Array(Type.String(), { description: 'The features that are kept; absent: all' })) },
      { description: 'Absent where nothing is logged' },
    ),
  ),
  kept: Type.Object({ rows: Type.Integer(), files: Type.Integer(), bytes: Type.Integer({ description: 'In the object store' }), from: Type.Optional(Instant), to: Type.Optional(Instant) }),
})
export type PredictionLogDetail = Static<typeof PredictionLogDetail>

export const FeedbackTaken = Type.Object({
  taken: Type.Integer({ description: 'Entries that are kept' }),
  notLogged: Type.Integer({ description: 'Entries about answers that were not sampled: there is nothing to compare them with' }),
})
export type FeedbackTaken = Static<typeof FeedbackTaken>
