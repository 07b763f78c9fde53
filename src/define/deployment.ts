import type { Duration, Share, Size } from './measures.js'
import type { OwnRule } from './stored-definition.js'

/** What a version that is being rolled out must keep beside the champion, which answers at the same time. */
export interface RolloutLimits {
  /** Requests that each side must have answered until a step can be over; a step with fewer waits. Default 100. */
  readonly minimumRequests?: number
  /** How much larger the share of its requests may be that fail (status 5xx); default 1 %. */
  readonly errors?: Share
  /** How much larger the share of its requests may be that are refused (status 4xx); default 1 %. */
  readonly refusals?: Share
  /** How many times as long as 95 % of the champion's answers take may be what 95 % of its own take; default 2. */
  readonly latency?: number
  /** By how much more than the champion's its memory may grow in a step; default 128 MB, or half of what it held, if that is more. */
  readonly memory?: Size
  /** How far its mean prediction may be from the champion's, in standard deviations of the champion's predictions; default 0.5. */
  readonly shift?: number
  /** How many times as wide, or as narrow, as the champion's its predictions may spread; default 2. */
  readonly spread?: number
  /** A check of your own, asked at the end of each step: `rule('checks/complaints.ts')`. */
  readonly check?: OwnRule
}

/** Traffic by and by: a share of it for some time, then a larger one. */
export interface Canary extends RolloutLimits {
  readonly kind: 'canary'
  /** Shares of the traffic, growing. After the last the version takes all of it. */
  readonly steps: readonly Share[]
  /** How long each step lasts, at least. */
  readonly for: Duration
  /** How long requests are first mirrored to it, whose answers nobody sees. */
  readonly shadow?: Duration
}

/** Requests are mirrored to the version, whose answers nobody sees; then it takes all of them. */
export interface Shadow extends RolloutLimits {
  readonly kind: 'shadow'
  readonly for: Duration
}

/** How a version comes into traffic; default at once. */
export type Deployment = 'at-once' | Canary | Shadow

/** A version takes a share of the traffic in each step, for at least that time, and all of it after the last. */
export function canary(options: Omit<Canary, 'kind'>): Canary {
  return { kind: 'canary', ...options }
}

/** A version is asked what the champion is asked, for at least that time, without its answers being used; then it takes the traffic. */
export function shadow(options: Omit<Shadow, 'kind'>): Shadow {
  return { kind: 'shadow', ...options }
}

/** One comparison of a version with the champion, over one step. */
export interface RolloutComparison {
  readonly what: 'errors' | 'refusals' | 'latency' | 'memory' | 'shift' | 'spread'
  /** The class whose probability it is about. */
  readonly label?: string
  readonly champion: number
  readonly challenger: number
  readonly limit: number
  readonly harmful: boolean
  readonly text: string
}

/** What the default export of a check of a rollout is called with; it answers as a `rule` does. */
export interface RolloutContext {
  readonly model: string
  /** The version that is being rolled out, and the one beside it. */
  readonly version: number
  readonly champion: number
  /** Of the step that is about to end, from 1 on. */
  readonly step: number
  readonly requests: { readonly champion: number; readonly challenger: number }
  readonly comparisons: readonly RolloutComparison[]
  readonly parameters: Readonly<Record<string, unknown>>
}
