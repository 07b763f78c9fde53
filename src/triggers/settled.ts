import type { ListedObject } from '../sources/source.js'

/** How long an object has looked the same. */
export interface Sighting {
  readonly object: ListedObject
  readonly since: number
  /** It is recorded as it looks: nothing is left to do about it. */
  readonly recorded: boolean
}

/**
 * Compares a listing with the former sightings. An object has settled when two listings at least `settleFor`
 * milliseconds apart agree on its version and size: nobody is writing it any more. `settled` are those that have and
 * are not recorded.
 */
export function observe(
  former: ReadonlyMap<string, Sighting>,
  listed: readonly ListedObject[],
  now: number,
  settleFor: number,
): { readonly sightings: ReadonlyMap<string, Sighting>; readonly settled: readonly ListedObject[]; readonly unsettled: boolean } {
  const sightings = new Map<string, Sighting>()
  const settled: ListedObject[] = []
  let unsettled = false
  for (const object of listed) {
    const before = former.get(object.key)
    const same = before !== undefined && looksTheSame(before.object, object)
    // A clock set back must not let it wait until the former time has come again.
    const since = same ? Math.min(before.since, now) : now
    const recorded = same && before.recorded
    sightings.set(object.key, { object, since, recorded })
    if (recorded) continue
    if (now - since >= settleFor) settled.push(object)
    else unsettled = true
  }
  return { sightings, settled, unsettled }
}

/** The sightings when those of `keys` are recorded. */
export function withRecorded(sightings: ReadonlyMap<string, Sighting>, keys: readonly string[]): ReadonlyMap<string, Sighting> {
  if (keys.length === 0) return sightings
  const marked = new Map(sightings)
  for (const key of keys) {
    const sighting = sightings.get(key)
    if (sighting !== undefined) marked.set(key, { ...sighting, recorded: true })
  }
  return marked
}

function looksTheSame(former: ListedObject, present: ListedObject): boolean {
  if (former.version !== present.version || former.bytes !== present.bytes || former.files?.length !== present.files?.length) return false
  return (present.files ?? []).every((file, index) => {
    const before = former.files?.[index]
    return before?.key === file.key && before.version === file.version && before.bytes === file.bytes
  })
}
