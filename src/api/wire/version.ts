import { Type, type Static } from 'typebox'
import { Verdict } from '../../evaluation/verdict.js'
import { Signature } from '../../packages/manifest.js'
import { Origin } from '../../runs/offer.js'
import { ChampionCause } from './model.js'
import { CheckedByProxy } from './proxy.js'
import { Headline } from './run.js'
import { Instant } from './time.js'

export const VersionSummary = Type.Object({
  model: Type.String(),
  number: Type.Integer(),
  run: Type.Optional(Type.String()),
  digest: Type.String(),
  format: Type.String(),
  state: Type.Union([
    Type.Literal('passed'),
    Type.Literal('awaiting-approval'),
    Type.Literal('approved'),
    Type.Literal('declined'),
    Type.Literal('superseded'),
    Type.Literal('expired'),
  ]),
  /** Whether it is the champion. */
  serves: Type.Boolean(),
  /** How it came into service last, if it ever did: by whom and why. */
  served: Type.Optional(Type.Object({ cause: ChampionCause, actor: Type.String(), reason: Type.Optional(Type.String()), at: Instant })),
  /** Where it comes from, if it was not trained here. */
  origin: Type.Optional(Origin),
  headline: Type.Optional(Headline),
  /** It was trained once more, on every row, after another package had passed the check for it: that one's figures are the headline. */
  checkedByProxy: Type.Optional(CheckedByProxy),
  createdAt: Instant,
})
export type VersionSummary = Static<typeof VersionSummary>

export const VersionDetail = Type.Object({
  ...VersionSummary.properties,
  signature: Signature,
  verdict: Type.Optional(Verdict),
  /** What it was made from: drops, snapshot, split, code, environment, seed. */
  lineage: Type.Unknown(),
})
export type VersionDetail = Static<typeof VersionDetail>

export const VersionList = Type.Object({ versions: Type.Array(VersionSummary), before: Type.Optional(Type.Integer({ description: 'Pass it to read the next, older page' })) })
export type VersionList = Static<typeof VersionList>
