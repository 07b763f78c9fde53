import { Type, type Static } from 'typebox'
import { parseSize } from './measures.js'
import { OwnRule } from './own-rule-schema.js'
import type { StoredDeployment } from './stored-deployment.js'

const limits = {
  minimumRequests: Type.Optional(Type.Integer({ minimum: 1 })),
  errors: Type.Optional(Type.String()),
  refusals: Type.Optional(Type.String()),
  latency: Type.Optional(Type.Number({ minimum: 1 })),
  memory: Type.Optional(Type.String()),
  shift: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
  spread: Type.Optional(Type.Number({ exclusiveMinimum: 1 })),
  check: Type.Optional(OwnRule),
}

/** How a version comes into traffic, as the project file says it. */
export const WrittenDeployment = Type.Union([
  Type.Literal('at-once'),
  Type.Object(
    { kind: Type.Literal('canary'), steps: Type.Array(Type.String(), { minItems: 1, maxItems: 20 }), for: Type.String(), shadow: Type.Optional(Type.String()), ...limits },
    { additionalProperties: false },
  ),
  Type.Object({ kind: Type.Literal('shadow'), for: Type.String(), ...limits }, { additionalProperties: false }),
])
export type WrittenDeployment = Static<typeof WrittenDeployment>

const DEFAULTS = { minimumRequests: 100, errors: '1%', refusals: '1%', latency: 2, shift: 0.5, spread: 2 }

interface Reading {
  readonly duration: (text: string, where: string) => number
  readonly share: (text: string, where: string) => number
  readonly fault: (where: string, message: string) => void
}

/** Fills in the defaults; undefined: at once. */
export function resolveDeployment(written: WrittenDeployment | undefined, { duration, share, fault }: Reading): StoredDeployment | undefined {
  if (written === undefined || written === 'at-once') return undefined
  const memoryBytes = written.memory === undefined ? undefined : parseSize(written.memory)
  if (written.memory !== undefined && memoryBytes === undefined) fault('deploy.memory', `"${written.memory}" is no size; write e.g. '200 MB'`)
  const filled = {
    milliseconds: duration(written.for, 'deploy.for'),
    minimumRequests: written.minimumRequests ?? DEFAULTS.minimumRequests,
    errors: share(written.errors ?? DEFAULTS.errors, 'deploy.errors'),
    refusals: share(written.refusals ?? DEFAULTS.refusals, 'deploy.refusals'),
    latency: written.latency ?? DEFAULTS.latency,
    shift: written.shift ?? DEFAULTS.shift,
    spread: written.spread ?? DEFAULTS.spread,
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(written.check === undefined ? {} : { check: written.check }),
  }
  if (written.kind === 'shadow') return { kind: 'shadow', ...filled }
  const steps = written.steps.map((text, index) => share(text, `deploy.steps[${index}]`))
  for (const [index, step] of steps.entries()) {
    if (step <= (steps[index - 1] ?? 0)) fault(`deploy.steps[${index}]`, 'shares must grow from step to step, so that whoever has been answered by the new version stays with it')
  }
  return { kind: 'canary', steps, ...filled, ...(written.shadow === undefined ? {} : { shadowMilliseconds: duration(written.shadow, 'deploy.shadow') }) }
}
