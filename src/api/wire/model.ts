import { Type, type Static } from 'typebox'
import { Estimate } from '../../evaluation/verdict.js'
import { Signature } from '../../packages/manifest.js'
import { DefinitionPending } from './definition.js'
import { CheckedByProxy } from './proxy.js'
import { RolloutSummary } from './rollout.js'
import { RunSummary } from './run.js'
import { Instant } from './time.js'

/** The version that serves. */
export const ChampionSummary = Type.Object({
  version: Type.Integer(),
  generation: Type.Integer(),
  since: Instant,
  /** Of its package. */
  digest: Type.String(),
  /** It was trained once more, on every row, after another package had passed the check for it: the metric is that one's. */
  checkedByProxy: Type.Optional(CheckedByProxy),
  /** Drops that it was made from and that are withdrawn since. */
  withdrawnDrops: Type.Optional(Type.Array(Type.String())),
  /** Its primary metric, from the verdict that let it through. */
  metric: Type.Optional(Type.Object({ name: Type.String(), ...Estimate.properties, text: Type.String({ description: 'E.g. `MAPE 12.7 %`' }) })),
})
export type ChampionSummary = Static<typeof ChampionSummary>

export const ModelSummary = Type.Object({
  name: Type.String(),
  task: Type.Union([Type.Literal('regression'), Type.Literal('classification')]),
  target: Type.String(),
  /** Where predictions are asked for. */
  endpoint: Type.Optional(Type.String()),
  champion: Type.Optional(ChampionSummary),
  /** The version that is being rolled out beside it. */
  rollout: Type.Optional(RolloutSummary),
  /** The run under way, and the one that waits for it. */
  active: Type.Optional(RunSummary),
  waiting: Type.Optional(RunSummary),
  lastEnded: Type.Optional(RunSummary),
  /** Drops that no run has taken yet. */
  waitingDrops: Type.Integer(),
  /** Drops that were refused and about which nobody has decided. */
  quarantinedDrops: Type.Integer(),
  /** Why its source cannot be read now. */
  sourceFailure: Type.Optional(Type.Object({ source: Type.String(), message: Type.String() })),
  /** Since when its life has ended; absent while it lives. */
  retired: Type.Optional(Type.Object({ at: Instant, by: Type.String(), reason: Type.String() })),
  /** What its definition changes that no run has started with yet. */
  changed: Type.Optional(DefinitionPending),
})
export type ModelSummary = Static<typeof ModelSummary>

export const ModelDetail = Type.Object({
  ...ModelSummary.properties,
  /** What the champion takes and gives; absent before the first version. */
  signature: Type.Optional(Signature),
  /** The definition as it is registered now. */
  definition: Type.Unknown(),
})
export type ModelDetail = Static<typeof ModelDetail>

export const ModelList = Type.Object({ models: Type.Array(ModelSummary) })
export type ModelList = Static<typeof ModelList>

/** What became of a model's life, and the runs that this ends. */
export const ModelRetired = Type.Object({ model: Type.String(), retired: Type.Boolean(), cancelled: Type.Array(Type.String()) })
export type ModelRetired = Static<typeof ModelRetired>

/** What moved the champion pointer. */
export const ChampionCause = Type.Union([Type.Literal('run'), Type.Literal('approve'), Type.Literal('promote'), Type.Literal('adopt'), Type.Literal('rollback')])

/** A move of the champion pointer. */
export const ChampionMove = Type.Object({
  generation: Type.Integer(),
  version: Type.Integer(),
  previous: Type.Optional(Type.Integer()),
  cause: ChampionCause,
  actor: Type.String(),
  reason: Type.Optional(Type.String()),
  run: Type.Optional(Type.String()),
  at: Instant,
})
export type ChampionMove = Static<typeof ChampionMove>

export const ChampionMoves = Type.Object({ moves: Type.Array(ChampionMove) })
export type ChampionMoves = Static<typeof ChampionMoves>

/** The answer to whatever moved the champion pointer. */
export const Moved = Type.Object({ model: Type.String(), version: Type.Integer(), generation: Type.Integer(), since: Instant })
export type Moved = Static<typeof Moved>

/** The answer to whatever puts a version into service: it is champion, or on its way. */
export const PutIntoService = Type.Union([Moved, Type.Object({ rollout: RolloutSummary })])
export type PutIntoService = Static<typeof PutIntoService>
