import type { ListedObject } from '../sources/source.js'

/** Tells of what is never taken as it lies there: once for each, those of a listing together, by the first and their number. */
export function createRefusals(tell: (key: string, why: string, count: number) => Promise<void>): { tellOf(listed: readonly ListedObject[]): Promise<void> } {
  let known: ReadonlyMap<string, string> = new Map()
  return {
    tellOf: async (listed) => {
      const present = new Map(listed.flatMap(({ key, refused }) => (refused === undefined ? [] : [[key, refused] as const])))
      const added = [...present].filter(([key, why]) => known.get(key) !== why)
      const [first] = added
      if (first !== undefined) await tell(...first, added.length)
      known = present
    },
  }
}
