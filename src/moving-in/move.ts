import type { Destination } from './destination.js'
import type { FilePlace } from './file-place.js'
import type { MlflowSource } from './mlflow-source.js'
import type { OpenTally } from './tally.js'

/** What everything needs that is brought. */
export interface Move {
  readonly source: MlflowSource
  readonly destination: Destination
  readonly tally: OpenTally
  /** What is brought once, however many versions ask for it. */
  readonly seen: {
    readonly runs: Map<string, Promise<Brought | undefined>>
    readonly loggedModels: Map<string, Promise<Brought | undefined>>
    readonly experiments: Map<string, Promise<ExperimentHere | undefined>>
    readonly folders: Map<string, Promise<boolean>>
  }
  /** Told what is being brought at the moment. */
  readonly at: (what: string) => void
  readonly signal: AbortSignal
}

/** A run or a logged model that is here now. */
export interface Brought {
  /** Where its files lay, and where they lie here. */
  readonly there: FilePlace
  readonly uri: string
}

/** An experiment, as it is told of what lies in it. */
export interface ExperimentHere {
  readonly experiment_name: string
  readonly experiment_tags: readonly { readonly key: string; readonly value: string }[]
}

/** Does something once for each key. */
export function once<T>(seen: Map<string, Promise<T>>, key: string, work: () => Promise<T>): Promise<T> {
  const known = seen.get(key)
  if (known !== undefined) return known
  const begun = work()
  seen.set(key, begun)
  return begun
}
