import { Type, type Static } from 'typebox'
import { Verdict } from '../../evaluation/verdict.js'
import { Origin } from '../../runs/offer.js'
import { MovedColumn } from './snapshot.js'
import { Instant } from './time.js'

export const RunState = Type.Union([Type.Literal('waiting'), Type.Literal('active'), Type.Literal('ended')])

export const RunOutcome = Type.Union([
  Type.Literal('promoted'),
  Type.Literal('rejected'),
  Type.Literal('inconclusive'),
  Type.Literal('awaiting-approval'),
  Type.Literal('superseded'),
  Type.Literal('unchanged'),
  Type.Literal('failed'),
  Type.Literal('cancelled'),
])

const Cause = Type.Object({
  trigger: Type.Union([Type.Literal('arrival'), Type.Literal('schedule'), Type.Literal('manual'), Type.Literal('withdrawal'), Type.Literal('champion'), Type.Literal('definition'), Type.Literal('promote'), Type.Literal('adopt')]),
  actor: Type.String(),
  at: Instant,
  detail: Type.Optional(Type.String()),
})

/** Why a run or an attempt failed. Its stack, if it has one, is in the run's log. */
export const RunFailure = Type.Object({
  code: Type.String(),
  message: Type.String(),
  hint: Type.Optional(Type.String()),
  faults: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
})
export type RunFailure = Static<typeof RunFailure>

/** The verdict in one figure: what a table of runs shows. */
export const Headline = Type.Object({
  answer: Verdict.properties.answer,
  metric: Type.String(),
  candidate: Type.Union([Type.Number(), Type.Null()]),
  champion: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
  /** E.g. `MAPE 12.7 % vs 13 %`: candidate, and champion where there was one. */
  text: Type.String(),
})
export type Headline = Static<typeof Headline>

export const RunSummary = Type.Object({
  id: Type.String(),
  model: Type.String(),
  number: Type.Integer(),
  state: RunState,
  outcome: Type.Optional(RunOutcome),
  causes: Type.Array(Cause),
  force: Type.Boolean(),
  cancelRequested: Type.Boolean(),
  /** The candidate that it was given instead of training one: a version, or what was brought. */
  offer: Type.Optional(Type.Union([Type.Object({ kind: Type.Literal('version'), version: Type.Integer() }), Type.Object({ kind: Type.Literal('package'), origin: Origin })])),
  /** Version that it made, or made champion anew, if any. */
  version: Type.Optional(Type.Integer()),
  /** One sentence: why it ended so. */
  explanation: Type.Optional(Type.String()),
  error: Type.Optional(RunFailure),
  headline: Type.Optional(Headline),
  createdAt: Instant,
  startedAt: Type.Optional(Instant),
  endedAt: Type.Optional(Instant),
})
export type RunSummary = Static<typeof RunSummary>

export const StageSummary = Type.Object({
  name: Type.String(),
  attempt: Type.Integer(),
  startedAt: Instant,
  finishedAt: Instant,
  /** What it gave, in a few words and figures. */
  summary: Type.String(),
})
export type StageSummary = Static<typeof StageSummary>

const AttemptSummary = Type.Object({
  stage: Type.String(),
  number: Type.Integer(),
  state: Type.Union([
    Type.Literal('running'),
    Type.Literal('finished'),
    Type.Literal('failed'),
    Type.Literal('interrupted'),
    Type.Literal('cancelled'),
  ]),
  startedAt: Instant,
  endedAt: Type.Optional(Instant),
  error: Type.Optional(RunFailure),
})

/** A drop as the run that read it shows it. */
export const RunDrop = Type.Object({
  id: Type.String(),
  key: Type.String(),
  state: Type.String(),
  rows: Type.Optional(Type.Integer()),
  reason: Type.Optional(Type.String()),
})
export type RunDrop = Static<typeof RunDrop>

/** One rule of the check as a table shows it. */
export const RuleLine = Type.Object({
  label: Type.String(),
  answer: Verdict.properties.answer,
  /** One sentence in words and figures. */
  explanation: Type.String(),
  /** The metric's value with its unit. */
  candidate: Type.Optional(Type.String()),
  champion: Type.Optional(Type.String()),
})
export type RuleLine = Static<typeof RuleLine>

/** What a training has logged through MLflow, so far. */
export const TrainingLog = Type.Object({
  stage: Type.String(),
  /** Its run and experiment, as MLflow's clients know them. */
  run: Type.String(),
  experiment: Type.String(),
  status: Type.String(),
  params: Type.Array(Type.Object({ key: Type.String(), value: Type.String() })),
  /** The latest value of each; as text where it is no number. */
  metrics: Type.Array(Type.Object({ key: Type.String(), value: Type.Union([Type.Number(), Type.String()]), step: Type.Integer() })),
  /** Parameters and metrics that are not told here. */
  more: Type.Integer(),
  /** Logged models. */
  models: Type.Integer(),
})
export type TrainingLog = Static<typeof TrainingLog>

/** One run, whole: enough to say why it ended as it did. */
export const RunDetail = Type.Object({
  ...RunSummary.properties,
  snapshot: Type.Optional(Type.String()),
  candidate: Type.Optional(Type.String()),
  /** The manifest of the package that it made in the object store, and its version there, if it keeps versions: the candidate's, or what was trained once more in its place. */
  package: Type.Optional(Type.Object({ object: Type.String(), objectVersion: Type.Optional(Type.String()) })),
  stages: Type.Array(StageSummary),
  attempts: Type.Array(AttemptSummary),
  drops: Type.Array(RunDrop),
  /** The rows within the window, and the columns that have moved since the former snapshot, the furthest first; once the split is done. */
  data: Type.Optional(Type.Object({ rows: Type.Integer(), moved: Type.Array(MovedColumn) })),
  /** What its trainings have logged through MLflow. It decides nothing. */
  logged: Type.Array(TrainingLog),
  /** What the verdict says of the rows that are held out, in words. */
  holdout: Type.Optional(Type.String()),
  /** What the split has to say about its sets: rows left out, columns that give the target away. */
  warnings: Type.Array(Type.String()),
  verdict: Type.Optional(Verdict),
  rules: Type.Array(RuleLine),
  /** What to do next, a sentence each. */
  nextSteps: Type.Array(Type.String()),
})
export type RunDetail = Static<typeof RunDetail>

export const RunRequested = Type.Object({ run: RunSummary, coalesced: Type.Boolean({ description: 'It fell into a run that waited already' }) })
export type RunRequested = Static<typeof RunRequested>

export const RunList = Type.Object({ runs: Type.Array(RunSummary), before: Type.Optional(Type.String({ description: 'Pass it to read the next, older page' })) })
export type RunList = Static<typeof RunList>
