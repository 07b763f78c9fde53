import type { RolloutStep, StoredDeployment } from '../define/stored-deployment.js'
import { compare, type Comparison, type Look } from './compare.js'
import type { StepFigures } from './figures.js'
import { figure } from './wording.js'

/** Where a step of a rollout stands. */
export interface Standing {
  readonly deployment: StoredDeployment
  readonly step: RolloutStep
  readonly figures: StepFigures
  /** How long the step has lasted, without pauses, in milliseconds. */
  readonly elapsed: number
}

/** What is to be done about it; `because` is one sentence that stands alone. */
export interface Decision {
  readonly kind: 'roll-back' | 'wait-for-traffic' | 'go-on' | 'step-over'
  readonly because: string
  readonly comparisons: readonly Comparison[]
}

/**
 * How many standard errors prove harm: four while a step lasts, for it is looked at every second and each look could be wrong
 * (by Siegmund's approximation for repeated looks some 0.1 % for a version that lies exactly at a limit, over a hundredfold
 * of traffic); three at its end, which is looked at once.
 */
const WHILE_IT_LASTS: Look = { z: 4, isLast: false }
const AT_ITS_END: Look = { z: 3, isLast: true }

/** Looks at one step: rolls back what is proven to do harm, waits for traffic, goes on, or ends the step. */
export function decide({ deployment, step, figures, elapsed }: Standing): Decision {
  const { champion, challenger, failed } = figures
  const { minimumRequests } = deployment
  if (failed !== undefined) return { kind: 'roll-back', because: `It cannot answer: ${failed.replace(/\.?$/, '.')}`, comparisons: compare(deployment, figures, WHILE_IT_LASTS) }
  const isLong = elapsed >= step.milliseconds
  const isMuch = Math.min(champion.requests, challenger.requests) >= minimumRequests
  const comparisons = compare(deployment, figures, isLong && isMuch ? AT_ITS_END : WHILE_IT_LASTS)
  const harmful = comparisons.filter((comparison) => comparison.harmful)
  if (harmful.length > 0) return { kind: 'roll-back', because: `${harmful.map(({ text }) => capitalised(text)).join('. ')}.`, comparisons }
  if (!isLong) return { kind: 'go-on', because: 'The step lasts on.', comparisons }
  if (isMuch) return { kind: 'step-over', because: `Nothing speaks against it after ${figure(challenger.requests)} requests, and ${figure(champion.requests)} of the champion's.`, comparisons }
  const dropped = figures.dropped === 0 ? '' : ` ${figure(figures.dropped)} were not mirrored, for it was busy.`
  return { kind: 'wait-for-traffic', because: `Its time is over, but it has ${figure(challenger.requests)} requests and the champion ${figure(champion.requests)}, where each needs ${figure(minimumRequests)}.${dropped}`, comparisons }
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
