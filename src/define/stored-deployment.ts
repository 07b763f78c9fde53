import { Type, type Static } from 'typebox'
import { OwnRule } from './own-rule-schema.js'

const ShareOfAll = Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 })
const Milliseconds = Type.Integer({ minimum: 1 })

const limits = {
  minimumRequests: Type.Integer({ minimum: 1 }),
  errors: ShareOfAll,
  refusals: ShareOfAll,
  latency: Type.Number({ minimum: 1 }),
  /** Absent: 128 MB, or half of what it held, if that is more. */
  memoryBytes: Type.Optional(Type.Integer({ minimum: 1 })),
  /** In standard deviations of the champion's predictions. */
  shift: Type.Number({ exclusiveMinimum: 0 }),
  spread: Type.Number({ exclusiveMinimum: 1 }),
  /** Of the user's own, asked at the end of each step. */
  check: Type.Optional(OwnRule),
}

/** How a version comes into traffic, with every default filled in; durations are of each step. */
export const StoredDeployment = Type.Union([
  Type.Object({
    kind: Type.Literal('canary'),
    /** Shares of the traffic, growing, in (0, 1). */
    steps: Type.Array(ShareOfAll, { minItems: 1 }),
    milliseconds: Milliseconds,
    /** Absent: nothing is mirrored first. */
    shadowMilliseconds: Type.Optional(Milliseconds),
    ...limits,
  }),
  Type.Object({ kind: Type.Literal('shadow'), milliseconds: Milliseconds, ...limits }),
])
export type StoredDeployment = Static<typeof StoredDeployment>

/** One step of a rollout: its requests are mirrored, or a share of them is answered. */
export type RolloutStep = { readonly kind: 'shadow'; readonly milliseconds: number } | { readonly kind: 'canary'; readonly share: number; readonly milliseconds: number }

/** The steps of a rollout, in their order; there is at least one. */
export function stepsOf(deployment: StoredDeployment): readonly RolloutStep[] {
  const { milliseconds } = deployment
  if (deployment.kind === 'shadow') return [{ kind: 'shadow', milliseconds }]
  const { shadowMilliseconds, steps } = deployment
  const first: readonly RolloutStep[] = shadowMilliseconds === undefined ? [] : [{ kind: 'shadow', milliseconds: shadowMilliseconds }]
  return [...first, ...steps.map((share): RolloutStep => ({ kind: 'canary', share, milliseconds }))]
}
