import { plain } from './plain.js'

/** What can be counted of what is brought. */
export interface Counts {
  models: number
  versions: number
  aliases: number
  runs: number
  loggedModels: number
  /** Values of metrics. */
  values: number
  files: number
  bytes: number
}

/** What was not brought, and why. */
export interface Left {
  readonly what: string
  readonly reason: string
}

/** What has become of what is on the other server, so far. */
export interface Tally {
  /** By this import. Of a run that an interrupted one had begun, all values of metrics count. */
  readonly brought: Readonly<Counts>
  /** What was here already from a former import, and stays as it is. */
  readonly present: Readonly<Pick<Counts, 'models' | 'versions' | 'aliases' | 'runs' | 'loggedModels' | 'files'>>
  /** The first thousand. */
  readonly left: readonly Left[]
  readonly leftCount: number
}

/** A tally that is being kept. */
export interface OpenTally extends Tally {
  add(what: keyof Counts, count?: number): void
  pass(what: keyof Tally['present']): void
  /** Both are shown: they may be what another server wrote. */
  leave(what: string, reason: string): void
}

const MOST_LEFT = 1000

export function openTally(): OpenTally {
  const brought: Counts = { models: 0, versions: 0, aliases: 0, runs: 0, loggedModels: 0, values: 0, files: 0, bytes: 0 }
  const present = { models: 0, versions: 0, aliases: 0, runs: 0, loggedModels: 0, files: 0 }
  const left: Left[] = []
  let leftCount = 0
  return {
    brought,
    present,
    left,
    get leftCount() {
      return leftCount
    },
    add: (what, count = 1) => {
      brought[what] += count
    },
    pass: (what) => {
      present[what] += 1
    },
    leave: (what, reason) => {
      leftCount += 1
      if (left.length < MOST_LEFT) left.push({ what: plain(what), reason: plain(reason) })
    },
  }
}
