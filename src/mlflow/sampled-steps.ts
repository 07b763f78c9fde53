/** Which steps are asked for. Both ends belong to it. */
export interface Sampling {
  readonly start: number | undefined
  readonly end: number | undefined
  readonly most: number
}

/**
 * The steps of each run that a chart of several runs shows: spread evenly over those that any run has within the bounds,
 * and of each run its first and last one besides. Steps are ascending, going in and coming out.
 */
export function sampledSteps(stepsOfRuns: ReadonlyMap<string, readonly number[]>, { start, end, most }: Sampling): ReadonlyMap<string, readonly number[]> {
  const within = (step: number): boolean => (start === undefined || step >= start) && (end === undefined || step <= end)
  const ofRuns = [...stepsOfRuns].map(([run, steps]) => [run, steps.filter(within)] as const)
  const shown = new Set(spread([...new Set(ofRuns.flatMap(([, steps]) => steps))].toSorted((one, other) => one - other), most))
  return new Map(ofRuns.map(([run, steps]) => [run, steps.filter((step, index) => shown.has(step) || index === 0 || index === steps.length - 1)]))
}

function spread(steps: readonly number[], most: number): readonly number[] {
  const last = steps.length - 1
  if (steps.length <= most || most < 2) return steps.slice(0, Math.max(most, 1))
  return Array.from({ length: most }, (_, index) => steps[Math.round((index * last) / (most - 1))] ?? 0)
}
