import type { StoredDeployment } from '../../src/define/stored-deployment.js'
import { noFigures, type StepFigures } from '../../src/rollouts/figures.js'
import { cellOf } from '../../src/rollouts/latencies.js'
import { addRequest, noMoments } from '../../src/rollouts/moments.js'

/** Of so many requests each, what serving would write down of two versions; the second answers the first's predictions times a factor. */
export function figuresOf(requests: number, { factor = 1, errors = 0 }: { readonly factor?: number; readonly errors?: number } = {}): StepFigures {
  const figures = noFigures()
  for (const [arm, by] of [[figures.champion, 1], [figures.challenger, factor]] as const) {
    const moments = noMoments(0)
    for (let request = 0; request < requests; request += 1) addRequest(moments, [by * (10 + (request % 7))])
    arm.predictions[''] = moments
    arm.requests = requests
    arm.latencies[cellOf(2)] = requests
  }
  figures.challenger.errors = errors
  return figures
}

/** Two steps of a minute, of a tenth and of half of the traffic, with 50 requests each. */
export const twoSteps: StoredDeployment = { kind: 'canary', steps: [0.1, 0.5], milliseconds: 60_000, minimumRequests: 50, errors: 0.01, refusals: 0.01, latency: 2, shift: 0.5, spread: 2 }
