import { Type, type Static } from 'typebox'
import { Latencies, noLatencies } from './latencies.js'
import { grownMost, Memory } from './memory.js'
import { mergedMoments, Moments } from './moments.js'

/** What one of two versions has answered in one step. */
export const ArmFigures = Type.Object({
  /** All of them, also those that failed or were refused. */
  requests: Type.Integer({ minimum: 0 }),
  /** Answered with a status of 5xx. */
  errors: Type.Integer({ minimum: 0 }),
  /** Refused with a status of 4xx. */
  refused: Type.Integer({ minimum: 0 }),
  /** Of the requests that were answered or failed; a refusal takes no time. */
  latencies: Latencies,
  /** By class, of whose probability they are; of a regression under the empty name. */
  predictions: Type.Record(Type.String(), Moments),
  /** Of a version with a thread or processes of its own, once it has been heard of. */
  memory: Type.Optional(Memory),
})
export type ArmFigures = Static<typeof ArmFigures>

/** What one serving process has seen of one step of a rollout. */
export const StepFigures = Type.Object({
  champion: ArmFigures,
  challenger: ArmFigures,
  /** Where requests are mirrored: the differences of the two predictions, row by row. */
  differences: Type.Record(Type.String(), Moments),
  /** Requests that were not mirrored, for the version was busy. */
  dropped: Type.Integer({ minimum: 0 }),
  /** Why the version cannot answer at all: it could not be loaded, or has died. */
  failed: Type.Optional(Type.String()),
})
export type StepFigures = Static<typeof StepFigures>

export function noArmFigures(): ArmFigures {
  return { requests: 0, errors: 0, refused: 0, latencies: noLatencies(), predictions: {} }
}

export function noFigures(): StepFigures {
  return { champion: noArmFigures(), challenger: noArmFigures(), differences: {}, dropped: 0 }
}

/** What several serving processes have seen together. */
export function mergedFigures(all: readonly StepFigures[]): StepFigures {
  return all.reduce((sum, each) => {
    const failed = sum.failed ?? each.failed
    return {
      champion: mergedArms(sum.champion, each.champion),
      challenger: mergedArms(sum.challenger, each.challenger),
      differences: mergedByLabel(sum.differences, each.differences),
      dropped: sum.dropped + each.dropped,
      ...(failed === undefined ? {} : { failed }),
    }
  }, noFigures())
}

function mergedArms(first: ArmFigures, second: ArmFigures): ArmFigures {
  const memory = grownMost(first.memory, second.memory)
  return {
    requests: first.requests + second.requests,
    errors: first.errors + second.errors,
    refused: first.refused + second.refused,
    latencies: first.latencies.map((count, cell) => count + (second.latencies[cell] ?? 0)),
    predictions: mergedByLabel(first.predictions, second.predictions),
    ...(memory === undefined ? {} : { memory }),
  }
}

function mergedByLabel(first: Readonly<Record<string, Moments>>, second: Readonly<Record<string, Moments>>): Record<string, Moments> {
  const labels = [...new Set([...Object.keys(first), ...Object.keys(second)])]
  return Object.fromEntries(
    labels.flatMap((label) => {
      const [left, right] = [momentsFor(first, label), momentsFor(second, label)]
      const both = left === undefined ? right : right === undefined ? left : mergedMoments(left, right)
      return both === undefined ? [] : [[label, both]]
    }),
  )
}

/** What is known of a label, which may be called as what every object has. */
export function momentsFor(by: Readonly<Record<string, Moments>>, label: string): Moments | undefined {
  return Object.hasOwn(by, label) ? by[label] : undefined
}
