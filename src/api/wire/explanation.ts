import { Type, type Static } from 'typebox'
import { Verdict } from '../../evaluation/verdict.js'
import { Origin } from '../../runs/offer.js'
import { ChampionMove } from './model.js'
import { CheckedByProxy } from './proxy.js'
import { RuleLine, RunSummary } from './run.js'
import { Instant } from './time.js'
import { VersionSummary } from './version.js'

/** A verdict on the version: that of the run which made it, or of one that looked at it again. */
const VerdictOnVersion = Type.Object({
  run: Type.Optional(RunSummary),
  answer: Verdict.properties.answer,
  summary: Verdict.properties.summary,
  /** The champion that it was compared with. */
  comparedWith: Type.Optional(Type.Integer()),
  /** It was reached on a package in whose place this version was trained. */
  byProxy: Verdict.properties.byProxy,
  test: Verdict.properties.test,
  rules: Type.Array(RuleLine),
  warnings: Verdict.properties.warnings,
})
export type VerdictOnVersion = Static<typeof VerdictOnVersion>

/** What someone has answered when it waited for an approval, or what came before an answer did. */
const AnswerGiven = Type.Object({
  answer: Type.Union([Type.Literal('approved'), Type.Literal('declined'), Type.Literal('superseded'), Type.Literal('expired')]),
  run: Type.String(),
  actor: Type.String(),
  reason: Type.Optional(Type.String()),
  /** Said again, though another version had become champion since the check, or a drop of it had been withdrawn. */
  anyway: Type.Boolean(),
  at: Instant,
})

const MadeFrom = Type.Object({
  /** That it was trained on, or, where it was brought, checked on. */
  snapshot: Type.String(),
  drops: Type.Array(Type.Object({ id: Type.String(), key: Type.String(), sha256: Type.String(), withdrawn: Type.Boolean() })),
  /** In words and figures. */
  split: Type.String(),
  holdout: Type.Optional(Type.Number()),
  trainedUntil: Type.Optional(Type.String()),
  seed: Type.Integer(),
  commit: Type.Optional(Type.String()),
  codeHash: Type.String(),
  definitionHash: Type.String(),
  lockFileHash: Type.Optional(Type.String()),
  prepare: Type.Optional(Type.String()),
  environment: Type.Object({ refit: Type.String(), node: Type.String(), platform: Type.String() }),
})

/** Why a version is there, and why it serves or does not. */
export const Explanation = Type.Object({
  model: Type.String(),
  version: Type.Integer(),
  /** One sentence. */
  answer: Type.String(),
  state: VersionSummary.properties.state,
  serves: Type.Boolean(),
  digest: Type.String(),
  format: Type.String(),
  createdAt: Instant,
  /** In the order in which they came to be, that of the run which made it first. */
  verdicts: Type.Array(VerdictOnVersion),
  answers: Type.Array(AnswerGiven),
  /** How it moved into service (`version` is this one) and out of it (`previous` is), in order. */
  moves: Type.Array(ChampionMove),
  /** Where it comes from, if it was not trained here. */
  origin: Type.Optional(Origin),
  /** It was trained once more, on every row, after another package had passed the check for it. */
  checkedByProxy: Type.Optional(CheckedByProxy),
  madeFrom: MadeFrom,
})
export type Explanation = Static<typeof Explanation>
